// The diagram as PNG: the browser draws the SVG of the trace.

const link = document.getElementById("png");

link.addEventListener("click", async (event) => {
  event.preventDefault();
  const text = await (await fetch(link.href)).text();
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = picture.naturalWidth;
  canvas.height = picture.naturalHeight;
  canvas.getContext("2d").drawImage(picture, 0, 0);
  const save = document.createElement("a");
  save.href = canvas.toDataURL("image/png");
  save.download = "trace.png";
  save.click();
});
