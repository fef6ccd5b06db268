const longest = 128;
const legal = /^[A-Za-z0-9\-.%_*?!(),:=@$'+#]+$/;

/** True when the text may name a device or a module: 1 to 128 characters of the set of device.md §10, case-sensitive. */
export function isDeviceId(text: string): boolean {
  return deviceIdProblem(text) === undefined;
}

/** Says what keeps the text from being a device id, as the end of a sentence ("the device id …"); undefined when it is one. */
export function deviceIdProblem(text: string): string | undefined {
  if (text.length === 0) return 'is empty';
  if (text.length > longest) return `is longer than ${longest} characters`;
  // A URL parser folds these two away, so `/devices/..` would name another resource.
  if (text === '.' || text === '..') return 'cannot be "." or ".."';
  if (!legal.test(text)) return "may hold only ASCII letters, digits and - . % _ * ? ! ( ) , : = @ $ ' + #";
  return undefined;
}
