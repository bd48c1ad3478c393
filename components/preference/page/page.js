// What the annotator does, and what the page shows of it.
const told = { changed, warn, status };
const DONE = "Done, thank you.";
let keeper = null;

// Another tab or device is further.
function changed(words) {
  zoom.close();
  show();
  at("notice").textContent = words;
}

function warn(words) {
  at("warning").textContent = words;
  at("warning").hidden = false;
}

function status() {
  if (!keeper) return;
  const { words, failing } = keeper.status();
  at("saved").textContent = words;
  at("saved").classList.toggle("unsaved", Boolean(failing));
  at("saved").setAttribute("aria-live", failing ? "polite" : "off");
  if (!at("end").hidden) ending();
}

function show() {
  const { state } = keeper;
  const place = nextPlace(state);
  const part = !state.annotator ? "start" : place < items.length ? "choice" : "end";
  for (const id of ["start", "choice", "end"]) at(id).hidden = id !== part;
  at("notice").textContent = "";
  questions.clear();
  if (part === "choice") showItem(place);
  if (part === "end") {
    at("text").value = table(state);
    at("by-hand").open = false;
    at(content.server ? "thanks" : "download").focus();
  }
  status();
}

function showItem(place) {
  const { prompt } = items[place];
  at("place").textContent = `${single ? "Image" : "Pair"} ${place + 1} of ${items.length}`;
  at("bar").value = keeper.state.answers.length / items.length;
  at("prompt").textContent = prompt;
  at("prompt").hidden = !prompt;
  at("prompt").classList.toggle("long", prompt.length > 200);
  at("undo").disabled = keeper.state.answers.length === 0;
  at("place").focus(); // who hears the page is told where it is, and Tab goes on from here
  looking.look(place);
}

function ending() {
  const { unsafe } = keeper.status();
  const [thanks, words] = !content.server
    ? [DONE, `Download your answers and hand the file, ${tableName()}, to whoever asked you.`]
    : unsafe
      ? ["Nearly done: stay on this page.", "Not all answers are saved yet: this page tries again."]
      : [DONE, "All your answers are saved: you can close this page."];
  at("thanks").textContent = thanks;
  at("ending").textContent = words;
}

function start() {
  const name = cleanName(at("annotator").value);
  const fault = nameFault(name);
  at("annotator").value = name;
  at("annotator").setAttribute("aria-invalid", String(Boolean(fault)));
  at("name-fault").textContent = fault;
  if (fault) return at("annotator").focus();
  if (keeper.save({ annotator: name, when: now() })) show();
}

const now = () => new Date().toISOString();

function answer(question, said) {
  if (at("choice").hidden || !looking.enough()) return;
  const answers = questions.say(question, said);
  at("undo").disabled = false;
  if (!answers) return;
  const place = nextPlace(keeper.state);
  const { item } = items[place];
  const step = { item, answers, seconds: looking.seconds(), place: place + 1, when: now() };
  if (keeper.save(step)) show();
}

function undo() {
  if (questions.undo()) {
    at("undo").disabled = !questions.begun() && keeper.state.answers.length === 0;
    return;
  }
  const last = lastAnswer(keeper.state);
  if (last && keeper.save({ undo: last.item, when: now() })) show();
}

function clear() {
  if (!confirm("Clear all answers on this page? Download them first.")) return;
  if (!keeper.save({ clear: true })) return;
  looking.forget();
  at("annotator").value = "";
  show();
}

const say = (said) => () => answer(questions.current(), said);
const KEYS = {
  ArrowLeft: say(single ? "real" : "left"),
  ArrowRight: say(single ? "generated" : "right"),
  ...(single ? {} : { ArrowDown: say("tie"), ArrowUp: say("both bad") }),
  " ": () => (brief ? looking.uncover() : zoom.open("left")),
  Backspace: undo,
};

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const presses = event.target instanceof HTMLButtonElement && event.key === " ";
  const elsewhere = at("choice").hidden || document.querySelector("dialog[open]");
  if (elsewhere || presses || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
});
for (const group of all("[data-question]")) {
  for (const button of all("[data-answer]", group)) {
    button.addEventListener("click", () => answer(group.dataset.question, button.dataset.answer));
  }
}
for (const image of all("[data-example]")) {
  image.addEventListener("load", () => markSmall(image));
  image.src = content.example[image.dataset.example];
}
window.addEventListener("beforeunload", (event) => {
  if (keeper.status().unsafe) event.preventDefault();
});
at("who").addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
at("undo").addEventListener("click", undo);
at("undo-last").addEventListener("click", undo);
at("download").addEventListener("click", () => download(keeper.state));
if (at("clear")) at("clear").addEventListener("click", clear);
keeper = (content.server ? serverKeeper : fileKeeper)(told);
show();
