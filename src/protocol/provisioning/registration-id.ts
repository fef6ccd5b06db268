const longest = 128;
const legal = /^[A-Za-z0-9\-._:]*[A-Za-z0-9-]$/;

/**
 * Says what keeps the text from being a registration id, or the id of an enrollment group, as the end of a sentence; undefined
 * when it is one. Source: device.md §5.7, service.md §10.2.
 */
export function registrationIdProblem(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (text.length > longest) return `is longer than ${longest} characters`;
  // A URL parser folds these two away, so `/enrollments/..` would name another resource.
  if (text === '.' || text === '..') return 'cannot be "." or ".."';
  if (!legal.test(text))
    return 'may hold only ASCII letters, digits and - . _ : and must end in a letter, a digit or -';
  return undefined;
}

/** Ids differ in more than case or are the same. */
export function canonicalRegistrationId(text: string): string {
  return text.toLowerCase();
}
