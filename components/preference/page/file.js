// A keeper of answers in this browser, for a page that opens from disk.
//
// Every keeper has `state`, `save(step)` (whether the step was taken), `status()` (how it stands in
// words, and whether something is not safe), and tells of what comes from elsewhere by
// `told.changed(words)`, of a browser that keeps nothing by `told.warn(words)`.
//
// Kept twice: in localStorage, which outlives the tab, and in the tab's history entry, which
// outlives a reload. A browser may refuse the first for files, and Chromium was seen to show
// it empty for one load within seconds of its start. The later revision is the truth.
function fileKeeper(told) {
  let refused = false;
  let state = [stored(), history.state && history.state[SLOT]]
    .filter(isState)
    .reduce((one, other) => (other.revision > one.revision ? other : one), fresh(0));

  function warn() {
    refused = true;
    told.warn("This browser keeps nothing for this page: finish and download before you close it.");
  }

  function stored() {
    try {
      return parsed(localStorage.getItem(SLOT));
    } catch (error) {
      warn();
      return null;
    }
  }

  function keep(next) {
    state = next;
    try {
      history.replaceState({ ...history.state, [SLOT]: state }, "");
    } catch (error) {
      // too often or too large for this browser: localStorage is left
    }
  }

  // Another tab of this page is further: this one goes on where that one is.
  function takeOver(other) {
    if (!isState(other) || other.revision <= state.revision) return false;
    keep(other);
    told.changed("You went on in another tab: this one shows what you answered there.");
    return true;
  }

  function save(step) {
    if (takeOver(stored())) return false; // before the browser told us of it
    const next = after(state, step);
    if (!next) return false;
    keep({ ...next, revision: state.revision + 1 });
    try {
      localStorage.setItem(SLOT, JSON.stringify(state));
    } catch (error) {
      warn();
    }
    return true;
  }

  window.addEventListener("storage", (event) => {
    if (event.key === SLOT) takeOver(stored());
  });

  return {
    get state() {
      return state;
    },
    save,
    status() {
      const unsafe = refused && state.answers.length > 0;
      const words = `Answers are kept in this ${refused ? "tab only" : "browser"}.`;
      return { words: state.annotator ? words : "", unsafe };
    },
  };
}
