/** A start that cannot go on. The message is one sentence for the person at the keyboard: what is wrong, what to do. */
export class EmbeddedRefusal extends Error {
  override readonly name = 'EmbeddedRefusal';
}
