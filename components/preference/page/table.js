// The answers as the table that is downloaded, which `components/preference/answers` reads.
const SIGNED = ["study", "item", "question", "answer", "annotator", "seconds", "place"];

// as components/files/tables.py: no cell may start like a formula
function beginsAFormula(text) {
  if (/^[\t\r\n]/.test(text)) return true;
  const seen = text.match(/[^\p{Z}\p{C}\p{M}]/u);
  return seen !== null && "=+-@\u2212".includes(seen[0].normalize("NFKC")[0]);
}

function cell(text) {
  const safe = beginsAFormula(text.replace(/^'+/, "")) ? "'" + text : text;
  return /[",\r\n]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
}

// A row of the table; its digest is of the texts themselves, as they are read back.
function row(state, made, question) {
  const texts = {
    study,
    item: made.item,
    question,
    answer: made.answers[question],
    annotator: state.annotator,
    seconds: made.seconds.toFixed(1),
    place: String(made.place),
  };
  const digest = sha256(SIGNED.map((name) => texts[name]).join("\u001f")).slice(0, 16);
  return [...SIGNED.map((name) => texts[name]), made.when, digest].map(cell).join(",");
}

function table(state) {
  const rows = state.answers.flatMap((made) => questionNames.map((name) => row(state, made, name)));
  return [[...SIGNED, "when", "digest"].join(","), ...rows].join("\n") + "\n";
}

// The name says study and slot; the annotator's own is in the file.
function tableName() {
  return `answers-${study.replace(/[^\w-]/g, "_")}-${String(slot).padStart(2, "0")}.csv`;
}

function download(state) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([table(state)], { type: "text/csv" }));
  link.download = tableName();
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
