// The images, enlarged: one at a time, both at the same size and the same place, by mouse and keys.
const zoom = (() => {
  const dialog = at("zoom");
  if (!dialog) return { open() {}, close() {} };
  const [view, image] = [at("zoom-view"), at("zoom-image")];
  const LARGEST = 8; // times as large as what fits
  let side = "left";
  let times = 1;

  // What fits the window; small images by a whole number, so that all their pixels are alike.
  function fitting() {
    const room = Math.min(view.clientWidth, view.clientHeight);
    const pixels = Math.max(image.naturalWidth, image.naturalHeight);
    return pixels && pixels < SMALL && pixels <= room ? Math.floor(room / pixels) * pixels : room;
  }

  function size() {
    const x = middle(view.scrollLeft, view.clientWidth, view.scrollWidth);
    const y = middle(view.scrollTop, view.clientHeight, view.scrollHeight);
    const length = `${fitting() * times}px`;
    Object.assign(image.style, { width: length, height: length });
    view.scrollLeft = x * view.scrollWidth - view.clientWidth / 2;
    view.scrollTop = y * view.scrollHeight - view.clientHeight / 2;
    at("smaller").disabled = times === 1;
    at("bigger").disabled = times === LARGEST;
  }

  const middle = (start, shown, whole) => (start + shown / 2) / whole;

  function show(which) {
    side = single ? "left" : which;
    const source = at(side + "-image");
    image.src = source.src;
    image.alt = source.alt;
    for (const button of all("[data-side]", dialog)) {
      button.setAttribute("aria-pressed", String(button.dataset.side === side));
    }
  }

  function scale(by) {
    times = Math.min(Math.max(times * by, 1), LARGEST);
    size();
  }

  function open(which) {
    if (dialog.open || at("images").classList.contains("waiting")) return;
    times = 1;
    dialog.showModal();
    show(which);
    at("close").focus();
  }

  const KEYS = {
    ArrowLeft: () => show("left"),
    ArrowRight: () => show("right"),
    ArrowUp: () => scale(2),
    ArrowDown: () => scale(0.5),
    " ": () => dialog.close(),
  };

  image.addEventListener("load", () => {
    markSmall(image);
    size();
  });
  image.addEventListener("click", () => (times === LARGEST ? scale(1 / LARGEST) : scale(2)));
  dialog.addEventListener("keydown", (event) => {
    const moves = event.target === view && times > 1 && event.key.startsWith("Arrow");
    const presses = event.target instanceof HTMLButtonElement && event.key === " ";
    const chord = event.ctrlKey || event.metaKey || event.altKey;
    if (moves || presses || chord || !(event.key in KEYS)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  for (const button of all("[data-side]", dialog)) {
    button.addEventListener("click", () => show(button.dataset.side));
  }
  for (const button of all("[data-zoom]")) {
    button.addEventListener("click", () => open(button.dataset.zoom));
  }
  at("smaller").addEventListener("click", () => scale(0.5));
  at("bigger").addEventListener("click", () => scale(2));
  at("close").addEventListener("click", () => dialog.close());
  window.addEventListener("resize", () => dialog.open && size());

  return { open, close: () => dialog.open && dialog.close() };
})();
