// What the page was made with, and what the other parts share.
const content = JSON.parse(document.getElementById("content").textContent);
const { study, slot, items } = content;
const single = content.kind === "realism";
const questionNames = content.questions.map((question) => question.id);
const answerWords = single ? ["real", "generated"] : ["left", "tie", "both bad", "right"];
const brief = single ? content.brief_seconds * 1000 : 0; // milliseconds; 0: the image stays

// Everything that is kept in the browser is kept under this name: studies and slots do not mix.
const SLOT = `alphabar-study-${study}-${slot}${content.server ? "-served" : ""}`;
const SMALL = 256; // images below this many pixels keep their pixels square

const at = (id) => document.getElementById(id);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

// What a JSON text says; null where it is none.
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    return null;
  }
}

function markSmall(image) {
  image.classList.toggle("small", image.naturalWidth < SMALL && image.naturalHeight < SMALL);
}
