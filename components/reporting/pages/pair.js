// Two chosen cells side by side: their samples, settings and figures, and how these differ.
(() => {
  const { pair } = content;
  const section = document.getElementById("pair-section");
  if (!pair || !section) return;
  const { cells, metrics, differences, level } = pair;
  const at = (id) => document.getElementById(id);
  const chosen = [...pair.shown];

  // The second less the first: what is kept is the later of the two cells less the earlier.
  function difference(metric) {
    const [one, other] = chosen;
    const kept = (differences[`${Math.min(one, other)}-${Math.max(one, other)}`] || {})[metric];
    if (!kept) return null;
    const [value, low, high, decimals, unit, paired, apart] = kept;
    const ends = other > one ? [value, low, high] : [-value, -high, -low];
    const text = ends.map((end) => {
      const rounded = Number(end.toFixed(decimals)) + 0;
      return `${rounded >= 0 ? "+" : ""}${rounded.toFixed(decimals)}`;
    });
    return { text: `${text[0]}${unit}`, interval: `[${text[1]}, ${text[2]}]`, paired, apart };
  }

  function figure(cell, value, small, strong) {
    cell.replaceChildren(
      make("span", { className: strong ? "apart" : "" }, value),
      " ",
      ...small.map((words) => make("small", {}, words)),
    );
  }

  function show() {
    const [one, other] = chosen.map((place) => cells[place]);
    const head = at("pair-table").tHead.rows[0].cells;
    [one, other].forEach(({ name }, k) => (head[1 + k].textContent = name.replaceAll(",", ", ")));
    for (const row of at("pair-table").tBodies[0].rows) {
      const metric = row.dataset.metric;
      [one, other].forEach((cell, k) => {
        const [value, interval] = cell.figures[metric] || ["", ""];
        figure(row.cells[1 + k], value, [interval]);
      });
      const found = difference(metric);
      if (found) {
        const how = found.paired ? "paired" : "unpaired";
        figure(row.cells[3], found.text, [found.interval, how], found.apart);
      } else figure(row.cells[3], chosen[0] === chosen[1] ? "" : "not comparable", []);
    }
    const paths = Object.keys(one.settings).filter((p) => one.settings[p] !== other.settings[p]);
    at("pair-settings").replaceChildren(
      ...paths.map((path) =>
        make(
          "li",
          {},
          make("code", {}, path),
          `: ${one.settings[path]} against ${other.settings[path]}`,
        ),
      ),
    );
    const pictures = [one, other].flatMap(({ name, tile }) => {
      const image = tile && document.querySelector(`#${tile} img`);
      if (!image) return [];
      const copy = make("img", { src: image.src, alt: `samples of ${name}` });
      return [make("figure", {}, copy, make("figcaption", {}, name.replaceAll(",", ", ")))];
    });
    at("pair-pictures").replaceChildren(...pictures);
    at("pair-told").textContent =
      chosen[0] === chosen[1]
        ? "The same cell twice: choose another."
        : `The second less the first, with the ${level} % interval of this pair alone.`;
  }

  const form = make("form", { className: "chooser" });
  ["First cell", "Second cell"].forEach((label, k) => {
    const options = cells.map(({ name }, place) =>
      make("option", { value: place, selected: place === chosen[k] }, name.replaceAll(",", ", ")),
    );
    const select = make("select", { id: `pair-${k}` }, ...options);
    select.addEventListener("change", () => {
      chosen[k] = Number(select.value);
      show();
    });
    form.append(make("label", { htmlFor: `pair-${k}` }, label), select);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  section.prepend(form);
  show();
})();
