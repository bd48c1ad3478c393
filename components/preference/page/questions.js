// The questions about the item that is shown, one after the other, and what was said so far.
const questions = (() => {
  let said = {};

  const current = () => questionNames.find((name) => !(name in said));

  function mark() {
    for (const group of all("[data-question]")) {
      const { question } = group.dataset;
      group.classList.toggle("current", questionNames.length > 1 && question === current());
      for (const button of all("[data-answer]", group)) {
        button.setAttribute("aria-pressed", String(said[question] === button.dataset.answer));
      }
    }
  }

  function clear() {
    said = {};
    mark();
  }

  // Takes an answer; all of them once none is open any more.
  function say(name, answer) {
    said = { ...said, [name]: answer };
    mark();
    return current() === undefined ? said : null;
  }

  // Takes back what was said last of this item; false where nothing was.
  function undo() {
    const last = Object.keys(said).pop();
    if (last === undefined) return false;
    delete said[last];
    mark();
    return true;
  }

  return { clear, current, say, undo, begun: () => Object.keys(said).length > 0 };
})();
