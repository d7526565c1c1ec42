// What a peer reports: lines of a word and JSON, on stdout; from a page, by its server.

export const inBrowser = typeof document !== 'undefined';

let start = performance.now();
let posted = Promise.resolve();

/** Count the seconds of `since` from now on. */
export function startClock() {
  start = performance.now();
}

/** Return the seconds since the session was asked for. */
export function since() {
  return Math.round(performance.now() - start) / 1000;
}

export function report(word, value = null) {
  const line = `${word} ${JSON.stringify(value)}`;
  if (!inBrowser) console.log(line);
  else posted = posted.then(() => fetch('/line', { method: 'POST', body: line }));
}

/** Report the first picture at once, and then twice a second what `read` returns. */
export function reportPictures(read) {
  let reported = 0;
  let reading = false;
  const look = async () => {
    if (reading) return;
    reading = true;
    const at = since();
    const seen = await read();
    reading = false;
    if (seen.frames > reported) report('seen', { at, ...seen });
    reported = seen.frames;
  };
  const timer = setInterval(look, 500);
  return { onPicture: () => reported || look(), stop: () => clearInterval(timer) };
}
