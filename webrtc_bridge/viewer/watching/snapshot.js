/** Save the present picture of a video as a PNG in its own size. */

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
    // By then the browser has started to read it.
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }, 'image/png');
}
