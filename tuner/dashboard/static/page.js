// A note names a video as a picture (Markdown has nothing else), which no browser can draw: here it becomes a video,
// once the server has made it. Nothing is shown where there is none.
'use strict';

const AGAIN = 3000; // ms until a video that is being made is asked for again

function beside(picture, kind) {
  const next = picture.nextElementSibling;
  if (next !== null && next.matches(`${kind}.tuner-episode`)) return next;
  if (next !== null && next.matches('.tuner-episode')) next.remove();
  const made = document.createElement(kind);
  made.className = 'tuner-episode';
  picture.after(made);
  return made;
}

async function show(picture) {
  const address = picture.src;
  const answer = await fetch(address, { method: 'HEAD' }).catch(() => null);
  if (!picture.isConnected || picture.src !== address) return;
  if (answer === null || answer.status === 202) {
    beside(picture, 'em').textContent = 'being recorded …';
    setTimeout(show, AGAIN, picture);
    return;
  }
  if (answer.status !== 200) {
    beside(picture, 'em').remove();
    return;
  }
  const video = beside(picture, 'video');
  video.controls = true;
  video.muted = true;
  video.loop = true;
  video.src = address;
}

document.addEventListener('error', (event) => {
  if (event.target instanceof HTMLImageElement && event.target.alt.startsWith('episode.mp4')) show(event.target);
}, true);
