// SHA-256 (FIPS 180-4) of a text's UTF-8, in hex: browsers give theirs to secure addresses only.
const sha256 = (() => {
  const fraction = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
  const primes = [];
  for (let n = 2; primes.length < 64; n++) {
    if (primes.every((prime) => n % prime)) primes.push(n);
  }
  const FIRST = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
  const ROUND = primes.map((prime) => fraction(Math.cbrt(prime)));
  const turn = (word, by) => (word >>> by) | (word << (32 - by));

  function padded(text) {
    const bytes = new TextEncoder().encode(text);
    const whole = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
    whole.set(bytes);
    whole[bytes.length] = 0x80;
    new DataView(whole.buffer).setBigUint64(whole.length - 8, BigInt(bytes.length) * 8n);
    return new DataView(whole.buffer);
  }

  function schedule(view, start) {
    const words = Array.from({ length: 16 }, (_, k) => view.getInt32(start + 4 * k));
    for (let k = 16; k < 64; k++) {
      const [early, late] = [words[k - 15], words[k - 2]];
      const low = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
      const high = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
      words.push((words[k - 16] + low + words[k - 7] + high) | 0);
    }
    return words;
  }

  function mixed(hash, words) {
    let [a, b, c, d, e, f, g, h] = hash;
    for (let k = 0; k < 64; k++) {
      const chosen = (e & f) ^ (~e & g);
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + chosen + ROUND[k] + words[k]) | 0;
      const majority = (a & b) ^ (a & c) ^ (b & c);
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + majority) | 0;
      [a, b, c, d, e, f, g, h] = [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g];
    }
    return [a, b, c, d, e, f, g, h].map((word, k) => (word + hash[k]) | 0);
  }

  return (text) => {
    const view = padded(text);
    let hash = FIRST;
    for (let start = 0; start < view.byteLength; start += 64) {
      hash = mixed(hash, schedule(view, start));
    }
    return hash.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  };
})();
