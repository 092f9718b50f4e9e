/**
 * Whether an error is that Deno does not permit something.
 *
 * @param error What was thrown.
 * @returns Whether it is.
 */
export function denied(error: unknown): error is Error {
  return error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied;
}

/**
 * Whether there is a file or folder.
 *
 * @param path Where.
 * @returns Whether it is there; an error if that must not be known.
 */
export async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, (error) => {
    if (denied(error)) throw error;
    return false;
  });
}
