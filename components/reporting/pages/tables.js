// Tables: a click sorts, a field filters by cell, and what does not fit is said.
(() => {
  const UNITS = { ms: 0.001, s: 1, min: 60, h: 3600, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
  const NUMBER = /^[<>]?\s*([+-]?[\d,]*\.?\d+(?:e[+-]?\d+)?)\s*([a-zA-Z]+)?/;

  // Sorting ---------------------------------------------------------------------------------------

  // The number that a cell begins with, in its unit; its words where it begins with none.
  function sortable(cell) {
    const text = cell ? cell.textContent.trim() : "";
    const found = NUMBER.exec(text.replace("−", "-"));
    if (!found || cell.tagName === "TH") return text;
    return Number(found[1].replaceAll(",", "")) * (UNITS[found[2]] || 1);
  }

  function inOrder(one, other) {
    if (typeof one === "number" && typeof other === "number") return one - other;
    return String(one).localeCompare(String(other), undefined, { numeric: true });
  }

  function sort(table, column, up) {
    for (const body of table.tBodies) {
      const rows = all(":scope > tr:not(.group):not(.floor)", body);
      const keyed = rows.map((row) => [sortable(row.cells[column]), row]);
      const known = keyed.filter(([key]) => key !== "");
      known.sort((one, other) => (up ? 1 : -1) * inOrder(one[0], other[0]));
      const empty = keyed.filter(([key]) => key === "");
      const last = all(":scope > tr.floor", body); // what real images reach stays below the cells
      body.append(...[...known, ...empty].map(([, row]) => row), ...last);
    }
    all("thead th", table).forEach((head, place) => {
      if (place === column) head.setAttribute("aria-sort", up ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
  }

  for (const table of all("table.figures:not(.chosen)")) {
    if (all("tbody > tr:not(.group):not(.floor)", table).length < 2) continue;
    all("thead th", table).forEach((head, column) => {
      const button = make("button", { type: "button", className: "sort" }, ...head.childNodes);
      button.addEventListener("click", () => {
        sort(table, column, head.getAttribute("aria-sort") !== "ascending");
      });
      head.append(button);
    });
  }

  // What does not fit -----------------------------------------------------------------------------

  const several = (count, noun) => `${count} more ${noun}${count === 1 ? "" : "s"}`;

  function tell(frame) {
    const [box, cue] = [frame.querySelector(".scroll"), frame.querySelector(".cue")];
    const wide = box.scrollWidth > box.clientWidth + 1;
    const high = box.scrollHeight > box.clientHeight + 1;
    const { right, bottom } = box.getBoundingClientRect();
    const beyond = all("thead tr:first-child > *", box);
    const columns = beyond.filter((head) => head.getBoundingClientRect().right > right + 1).length;
    const below = all("tbody > tr:not(.group)", box).filter((row) => row.getBoundingClientRect().top > bottom - 8).length;
    const left = wide && box.scrollLeft > 1;
    const parts = [
      columns && wide ? `${several(columns, "column")} to the right →` : "",
      left ? "← more to the left" : "",
      below && high ? `${several(below, "row")} below ↓` : "",
    ].filter(Boolean);
    cue.hidden = parts.length === 0;
    cue.textContent = parts.length ? `Scroll: ${parts.join(", ")}` : "";
    box.classList.toggle("more-right", wide && columns > 0);
    box.classList.toggle("more-left", left);
  }

  const frames = all(".framed");
  const watcher = new ResizeObserver((seen) => seen.forEach(({ target }) => tell(target)));
  for (const frame of frames) {
    frame.querySelector(".scroll").addEventListener("scroll", () => tell(frame), { passive: true });
    watcher.observe(frame);
  }

  // Filtering by cell -----------------------------------------------------------------------------

  const cells = all("[data-cell]");
  const first = cells.find((each) => each.tagName === "TR");
  const rows = first ? all("[data-cell]", first.closest("table")) : [];

  // A name's words and values: "steps=5" and "5 steps" have the same two.
  const parts = (name) => name.toLowerCase().split(/[\s,=()]+/).filter(Boolean);

  // Whether a name has all that is asked for: words by their beginning, values whole, and
  // "guidance=2" as the two side by side.
  function fits(name, wanted) {
    const known = parts(name);
    const is = (part, word) => (/^[\d.+-]/.test(word) ? part === word : part.startsWith(word));
    return wanted.every((asked) => {
      const [one, other] = parts(asked);
      if (other === undefined) return known.some((part) => is(part, one));
      return known.some((part, place) => {
        const after = known[place + 1] || "";
        return (is(part, one) && is(after, other)) || (is(part, other) && is(after, one));
      });
    });
  }

  function filter(text, output) {
    const wanted = text.split(/[\s,]+/).filter((word) => parts(word).length);
    for (const each of cells) each.hidden = !fits(each.dataset.cell, wanted);
    for (const row of all(".sheet tbody tr")) {
      const tiles = all("[data-cell]", row);
      row.hidden = tiles.length > 0 && tiles.every((tile) => tile.hidden);
    }
    for (const head of all("tr.group")) {
      const under = all(":scope > tr[data-cell]", head.parentElement);
      head.hidden = under.length > 0 && under.every((row) => row.hidden);
    }
    const kept = rows.filter((row) => !row.hidden).length;
    output.value = wanted.length
      ? `${kept} of ${rows.length} cells shown: samples and results leave out the others`
      : `${rows.length} cells`;
    frames.forEach(tell);
  }

  const place = document.querySelector("main > h2");
  if (rows.length > 2 && place) {
    const field = make("input", { type: "search", id: "filter", autocomplete: "off" });
    const label = make("label", { htmlFor: "filter" }, "Only cells with");
    const output = make("output", { htmlFor: "filter" });
    const form = make("form", { className: "filter" }, label, field, output);
    form.setAttribute("role", "search");
    form.addEventListener("submit", (event) => event.preventDefault());
    field.addEventListener("input", () => filter(field.value, output));
    field.placeholder = "such as cosine guidance=2";
    filter("", output);
    place.before(form);
  }
})();
