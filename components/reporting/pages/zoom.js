// Samples, enlarged: one at a time with its seed and prompt, by mouse and by keyboard.
(() => {
  const tiles = all(".tile a.zoom");
  const { tiles: known, asked } = content;
  if (!tiles.length) return;
  const LARGEST = 480; // pixels of one sample's side

  const title = make("h2", { id: "zoom-title" });
  const canvas = make("canvas", {});
  const words = make("p", {});
  words.setAttribute("aria-live", "polite");
  const sheet = make("img", {});
  const mark = make("span", { className: "mark" });
  const close = make("button", { type: "submit", autofocus: true }, "Close");
  const button = (text, step) => {
    const made = make("button", { type: "button" }, text);
    made.addEventListener("click", step);
    return made;
  };
  const keys = make("p", { className: "soft" });
  keys.textContent = "Keys: ← → another sample, ↑ ↓ the same place in another cell, Esc closes.";
  const dialog = make(
    "dialog",
    { id: "zoom" },
    title,
    make("div", { className: "zoomed" }, canvas, make("div", { className: "whole" }, sheet, mark)),
    words,
    make(
      "form",
      { method: "dialog" },
      button("← sample", () => go(-1, 0)),
      button("sample →", () => go(1, 0)),
      button("↑ cell", () => go(0, -1)),
      button("cell ↓", () => go(0, 1)),
      close,
    ),
    keys,
  );
  dialog.setAttribute("aria-labelledby", "zoom-title");
  canvas.setAttribute("role", "img");
  document.body.append(dialog);
  let [shown, sample] = [0, 0];

  // A sheet's square samples have a thin gap between them: its width says how large they are.
  function geometry(width, columns) {
    for (let side = 1; side <= width; side++) {
      const gap = Math.max(1, Math.floor(side / 24));
      if (columns * (side + gap) - gap === width) return [side, gap];
    }
    return [width, 0];
  }

  function show() {
    const link = tiles[shown];
    const image = link.querySelector("img");
    const { name, columns, of } = known[link.closest(".tile").id];
    const rows = asked[of];
    sample = (sample + rows.length) % rows.length;
    const [side, gap] = geometry(image.naturalWidth, Math.min(columns, rows.length));
    const [x, y] = [sample % columns, Math.floor(sample / columns)].map((k) => k * (side + gap));
    const scale = Math.max(1, Math.floor(LARGEST / side));
    canvas.width = canvas.height = side * scale;
    const pen = canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(image, x, y, side, side, 0, 0, side * scale, side * scale);
    const [seed, prompt] = rows[sample];
    title.textContent = name.replaceAll(",", ", ");
    words.textContent = `Sample ${sample + 1} of ${rows.length}: seed ${seed}${prompt && `, “${prompt}”`}`;
    canvas.setAttribute("aria-label", `${words.textContent}, of ${name}`);
    sheet.src = image.src;
    sheet.alt = "";
    const part = (pixels, whole) => `${(100 * pixels) / whole}%`;
    Object.assign(mark.style, {
      left: part(x, image.naturalWidth),
      top: part(y, image.naturalHeight),
      width: part(side, image.naturalWidth),
      height: part(side, image.naturalHeight),
    });
  }

  function go(samples, cells) {
    sample += samples;
    do shown = (shown + cells + tiles.length) % tiles.length;
    while (cells && tiles[shown].closest("[hidden]"));
    show();
  }

  tiles.forEach((link, place) =>
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const image = link.querySelector("img");
      const box = image.getBoundingClientRect();
      const { columns, of } = known[link.closest(".tile").id];
      [shown, sample] = [place, 0];
      if (event.detail) {
        const rows = Math.ceil(asked[of].length / columns);
        const [across, down] = [
          Math.floor((columns * (event.clientX - box.left)) / box.width),
          Math.floor((rows * (event.clientY - box.top)) / box.height),
        ];
        sample = Math.min(asked[of].length - 1, down * columns + across);
      }
      show();
      dialog.showModal();
    }),
  );

  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  dialog.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    go(...step);
  });
  dialog.addEventListener("close", () => tiles[shown].focus());
})();
