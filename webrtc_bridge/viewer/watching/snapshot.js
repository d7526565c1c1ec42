/** Saves what a video shows as a PNG of the video's own size. */

export function saveSnapshot(video, id) {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);
  canvas.toBlob((png) => {
    if (!png) {
      return; // there is no picture
    }
    const link = document.createElement('a');
    link.href = URL.createObjectURL(png);
    link.download = `${id}_${new Date().toISOString().replaceAll(':', '-')}.png`;
    link.click();
    // The browser has begun to read it by then.
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }, 'image/png');
}
