// 3-D Secure in a modal over the shop's page: the bank's question in an iframe of the sandbox.

/** Shows the question and answers when the person did, or closed the window, which leaves it open. */
export function askBank(base: string, address: string): Promise<'answered' | 'left_open'> {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-label', 'The bank asks (sandbox)');
  Object.assign(dialog.style, { padding: '0', border: '0', borderRadius: '16px', width: 'min(100% - 1rem, 32rem)' });
  const frame = document.createElement('iframe');
  frame.title = '3-D Secure (sandbox)';
  const url = new URL(address, base);
  url.searchParams.set('embedded', '1');
  frame.src = url.href;
  Object.assign(frame.style, { width: '100%', height: '34rem', border: '0', display: 'block' });
  dialog.append(frame);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    const finish = (result: 'answered' | 'left_open'): void => {
      window.removeEventListener('message', hear);
      dialog.close();
      dialog.remove();
      resolve(result);
    };
    const hear = (message: MessageEvent): void => {
      if (message.source !== frame.contentWindow || message.data?.source !== 'kassa-sandbox') return;
      const { event, height, result } = message.data as { event: string; height?: number; result?: string };
      if (event === 'height' && typeof height === 'number') frame.style.height = `${height}px`;
      if (event === 'challenge') finish(result === 'open' ? 'left_open' : 'answered');
    };
    window.addEventListener('message', hear);
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      finish('left_open');
    });
  });
}
