/** Characters that steer a terminal, reorder or hide what a person reads, and that JSON lets stand. */
const steering = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** JSON in one line without a character that does more on a terminal than to be seen: devices write a part of it. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replaceAll(steering, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
