// What an annotator has said so far, {annotator, answers, revision}, and what a step makes of it.
// A step is {annotator}, {item, answers, seconds, place, when}, {undo: item} or {clear: true}.
const places = new Map(items.map((item, place) => [item.item, place]));

const fresh = (revision) => ({ annotator: "", answers: [], revision });

function isState(kept) {
  return (
    isObject(kept) &&
    typeof kept.annotator === "string" &&
    Number.isInteger(kept.revision) &&
    Array.isArray(kept.answers) &&
    kept.answers.every(isAnswer) &&
    new Set(kept.answers.map((made) => made.item)).size === kept.answers.length
  );
}

function isAnswer(made) {
  return (
    isObject(made) &&
    places.has(made.item) &&
    isObject(made.answers) &&
    questionNames.every((name) => answerWords.includes(made.answers[name])) &&
    Number.isFinite(made.seconds) &&
    Number.isInteger(made.place) &&
    typeof made.when === "string"
  );
}

const isAnswered = (state, item) => state.answers.some((made) => made.item === item);

// The place of the item that is to be answered: as many as there are when all are.
function nextPlace(state) {
  const open = items.findIndex((item) => !isAnswered(state, item.item));
  return open < 0 ? items.length : open;
}

// The answer that stands furthest in the page's order, which is the one that undo takes back.
function lastAnswer(state) {
  const order = (made) => places.get(made.item);
  const later = (last, made) => (last && order(last) > order(made) ? last : made);
  return state.answers.reduce(later, null);
}

// The state after a step; null where the step has nothing to change any more.
function after(state, step) {
  if (step.clear) return fresh(state.revision);
  if ("undo" in step) {
    const last = lastAnswer(state);
    if (!last || last.item !== step.undo) return null;
    return { ...state, answers: state.answers.filter((made) => made !== last) };
  }
  if ("item" in step) {
    if (isAnswered(state, step.item)) return null;
    const { item, answers, seconds, place, when } = step;
    const made = { item, answers, seconds, place, when };
    return { ...state, answers: [...state.answers, made] };
  }
  return state.annotator ? null : { ...state, annotator: step.annotator };
}
