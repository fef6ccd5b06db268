/** The text without its last characters that are `character`. One pass: an expression such as `/=+$/` takes time squared on hostile texts. */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end--;
  return text.slice(0, end);
}
