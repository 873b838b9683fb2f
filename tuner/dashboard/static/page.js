// A note names a video as a picture (Markdown has nothing else), which no browser can draw: here it becomes a video,
// once the server has made it. Nothing is shown where there is none.
'use strict';

const AGAIN = 3000; // ms until a video that is being made is asked for again

async function show(picture) {
  const address = picture.src;
  const answer = await fetch(address, { method: 'HEAD' }).catch(() => null);
  if (!picture.isConnected || picture.src !== address) return;
  if (answer === null || answer.status === 202) {
    setTimeout(show, AGAIN, picture);
    return;
  }
  const next = picture.nextElementSibling;
  const video = next !== null && next.matches('video.tuner-episode') ? next : document.createElement('video');
  if (answer.status !== 200) {
    video.remove();
    return;
  }
  video.className = 'tuner-episode';
  video.controls = true;
  video.muted = true;
  video.loop = true;
  video.src = address;
  picture.after(video);
}

document.addEventListener('error', (event) => {
  if (event.target instanceof HTMLImageElement && event.target.alt.startsWith('episode.mp4')) show(event.target);
}, true);
