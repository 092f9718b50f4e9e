/**
 * Writes a number of bytes for people.
 *
 * @param bytes How many.
 * @returns `1.5 MiB`, or `1.5 KiB` below a tenth of a MiB.
 */
export function size(bytes: number): string {
  const [unit, name] = bytes < 0.1 * 2 ** 20 ? [2 ** 10, "KiB"] : [2 ** 20, "MiB"];
  return `${(bytes / unit).toFixed(1)} ${name}`;
}

/**
 * Writes how many of something there are.
 *
 * @param number How many.
 * @param noun The word for one.
 * @returns `1 picture`, `2 pictures`.
 */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/**
 * Writes of how many classes something is.
 *
 * @param classes How many.
 * @returns ` of 3 classes`; nothing where none has a name.
 */
export function ofClasses(classes: number): string {
  if (classes === 0) return "";
  return classes === 1 ? " of 1 class" : ` of ${classes} classes`;
}
