// Where methods that must leave the page come back to.
import { follow } from '/verdict.js';

await follow(new URLSearchParams(location.search).get('session_id') ?? '');
