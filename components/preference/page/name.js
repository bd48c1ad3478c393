// The annotator's code or name: the import takes it, or the page says why it cannot.
const LONGEST_NAME = 64; // letters, as the field's maxlength

// What cannot be seen, or turns letters round: two names that look alike would be two people.
// The import has the same list (components/preference/answers/name.py).
const UNSEEN =
  /[\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180b}-\u{180f}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{206f}\u{3164}\u{fe00}-\u{fe0f}\u{feff}\u{ffa0}\u{fff0}-\u{fffb}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/u;
// A sign with what makes it an emoji, joined to the next; and a keycap.
const EMOJI =
  /\p{S}(?:[\u{fe0e}\u{fe0f}]|[\u{e0020}-\u{e007f}]+)?(?:\u{200d}(?=\p{S}))?|[0-9#*]\u{fe0f}\u{20e3}/gu;

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
  if (UNSEEN.test(name.replace(EMOJI, "*"))) {
    return "The name has a character that cannot be seen: type it by hand.";
  }
  if (name.startsWith("..")) return "The name cannot begin with two dots: write it without.";
  return "";
}
