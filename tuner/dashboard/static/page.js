// A note names a video as a picture (Markdown has nothing else), which no browser can draw: here it becomes a video,
// once the server has made it. Nothing is shown where there is none.
'use strict';

const AGAIN = 3000; // ms until a video that is being made is asked for again

// What stands beside a picture: one element, kept where the page makes the picture anew, so that a video plays on.
function beside(picture, kind) {
  const made = [...picture.parentElement.querySelectorAll(':scope > .tuner-episode')];
  const own = made.filter((one) => one.picture === picture || (!one.picture.isConnected && one.picture.src === picture.src));
  const kept = own.find((one) => one.matches(kind)) ?? document.createElement(kind);
  made.filter((one) => one !== kept && (own.includes(one) || !one.picture.isConnected)).forEach((one) => one.remove());
  kept.className = 'tuner-episode';
  kept.picture = picture;
  if (kept.previousElementSibling !== picture) picture.after(kept);
  return kept;
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
  if (video.src !== address) video.src = address;
}

document.addEventListener('error', (event) => {
  if (event.target instanceof HTMLImageElement && event.target.alt.startsWith('episode.mp4')) show(event.target);
}, true);
