// Runs before the page is drawn: where there was a backstage a moment ago, its place is kept, so that nothing jumps.
if (sessionStorage.getItem('backstage') === 'open') document.documentElement.classList.add('staged');
