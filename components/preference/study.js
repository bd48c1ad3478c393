"use strict";
(() => {
  const { study, pairs } = JSON.parse(document.getElementById("content").textContent);
  const SLOT = "alphabar-study-" + study;
  const SMALL = 256; // images below this many pixels keep their pixels square
  const at = (id) => document.getElementById(id);
  let shownAt = 0;
  let state = load();

  function fresh(revision) {
    return { annotator: "", choices: [], revision };
  }

  // Kept twice: in localStorage, which outlives the tab, and in the tab's history entry, which
  // outlives a reload. A browser may refuse the first for files, and Chromium was seen to show
  // it empty for one load within seconds of its start. The later revision is the truth.
  function load() {
    const kept = [fromStorage(), history.state && history.state[SLOT]].filter(valid);
    kept.sort((one, other) => other.revision - one.revision);
    return kept[0] || fresh(0);
  }

  function fromStorage() {
    try {
      return JSON.parse(localStorage.getItem(SLOT));
    } catch (error) {
      warn();
      return null;
    }
  }

  function valid(kept) {
    return (
      kept !== null &&
      typeof kept === "object" &&
      typeof kept.annotator === "string" &&
      Number.isInteger(kept.revision) &&
      Array.isArray(kept.choices) &&
      kept.choices.length <= pairs.length &&
      kept.choices.every((made, place) => made.pair === pairs[place].pair)
    );
  }

  function save() {
    state.revision += 1;
    history.replaceState({ [SLOT]: state }, "");
    try {
      localStorage.setItem(SLOT, JSON.stringify(state));
    } catch (error) {
      warn();
    }
  }

  function warn() {
    at("notice").textContent =
      "This browser keeps nothing for this page: finish and download before you close the tab.";
    at("notice").hidden = false;
  }

  function show() {
    const done = state.choices.length;
    const part = !state.annotator ? "start" : done < pairs.length ? "choice" : "end";
    for (const id of ["start", "choice", "end"]) {
      at(id).hidden = id !== part;
    }
    at("count").textContent = pairs.length;
    at("bar").value = done / pairs.length;
    at("done").textContent = `${done} of ${pairs.length} done`;
    at("undo").disabled = done === 0;
    if (part === "choice") {
      const pair = pairs[done];
      at("prompt").textContent = pair.prompt;
      at("left-image").src = pair.left;
      at("right-image").src = pair.right;
      shownAt = performance.now();
    } else if (part === "start") {
      at("annotator").focus();
    } else {
      at("download").focus();
    }
  }

  function choose(choice) {
    if (at("choice").hidden) return;
    const seconds = Math.round((performance.now() - shownAt) / 100) / 10;
    state.choices.push({ pair: pairs[state.choices.length].pair, choice, seconds });
    if (document.activeElement) document.activeElement.blur();
    save();
    show();
  }

  function undo() {
    if (!state.annotator || state.choices.length === 0) return;
    state.choices.pop();
    save();
    show();
  }

  // as components/files/tables.py: no cell may start like a formula
  function runs(text) {
    if (/^[\t\r\n]/.test(text)) return true;
    const seen = text.match(/[^\p{Z}\p{C}\p{M}]/u);
    return seen !== null && "=+-@\u2212".includes(seen[0].normalize("NFKC")[0]);
  }

  function field(value) {
    const text = runs(value.replace(/^'+/, "")) ? "'" + value : value;
    return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  }

  function responses() {
    const lines = state.choices.map((made) =>
      [made.pair, made.choice, field(state.annotator), made.seconds.toFixed(1)].join(","),
    );
    return ["pair,choice,annotator,seconds", ...lines].join("\n") + "\n";
  }

  function download() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([responses()], { type: "text/csv" }));
    link.download = "responses.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  const KEYS = {
    ArrowLeft: () => choose("left"),
    ArrowRight: () => choose("right"),
    ArrowDown: () => choose("none"),
    " ": () => choose("none"),
    u: undo,
    Backspace: undo,
  };

  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target instanceof HTMLButtonElement && event.key === " ";
    if (at("choice").hidden || onButton || !(event.key in KEYS)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  at("who").addEventListener("submit", (event) => {
    event.preventDefault();
    state.annotator = at("annotator").value.trim();
    at("annotator").blur();
    save();
    show();
  });
  for (const side of ["left", "right", "none"]) {
    at(side).addEventListener("click", () => choose(side));
  }
  for (const side of ["left", "right"]) {
    const image = at(side + "-image");
    image.addEventListener("load", () => {
      image.classList.toggle("small", image.naturalWidth < SMALL);
    });
  }
  at("undo").addEventListener("click", undo);
  at("undo-last").addEventListener("click", undo);
  at("download").addEventListener("click", download);
  at("again").addEventListener("click", () => {
    if (confirm("Clear all choices on this page? Download them first.")) {
      state = fresh(state.revision);
      at("annotator").value = "";
      save();
      show();
    }
  });
  show();
})();
