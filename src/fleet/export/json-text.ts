// oxlint-disable-next-line no-control-regex -- these are the characters that could steer a terminal and that JSON lets stand
const steering = /[\u007f-\u009f\u2028\u2029]/g;

/** JSON in one line without a character that does more on a terminal than to be seen: devices write a part of it. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    steering,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
