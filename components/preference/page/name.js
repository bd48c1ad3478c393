// The annotator's code or name: the import takes it, or the page says why it cannot.
const LONGEST_NAME = 64; // letters, as the field's maxlength

// As it is kept: composed, without what no table can hold (control characters, halves of letters).
function cleanName(text) {
  const start = text.slice(0, 100 * LONGEST_NAME).normalize("NFC");
  const sound = start.replace(/[\p{Cc}\p{Cs}]+/gu, " ").trim();
  return [...sound].slice(0, LONGEST_NAME).join("").trim();
}

// Why a clean name cannot be taken; empty where it can.
function nameFault(name) {
  if (!/[^\p{Z}\p{Cc}\p{Cf}\p{M}]/u.test(name)) return "Give a code or a name.";
  if (/[/\\]/.test(name)) return "The name cannot hold / or \\: write it without.";
  if (name.startsWith("..")) return "The name cannot begin with two dots: write it without.";
  return "";
}
