/* libjpeg-turbo on one thread: decodes files in memory, one after the other, for bench/turbo.ts. */
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>

struct handler {
  struct jpeg_error_mgr base;
  jmp_buf escape;
};

static void escape(j_common_ptr info)
{
  longjmp(((struct handler *)info->err)->escape, 1);
}

static void keep_quiet(j_common_ptr info)
{
  (void)info;
}

/* Decodes one file into `pixels`, of `room` bytes, as its default says; the bytes written, or 0. */
static size_t decode(const uint8_t *file, size_t size, uint8_t *pixels, size_t room)
{
  struct jpeg_decompress_struct info;
  struct handler handler;
  volatile size_t written = 0;

  info.err = jpeg_std_error(&handler.base);
  handler.base.error_exit = escape;
  handler.base.output_message = keep_quiet;
  jpeg_create_decompress(&info);
  if (setjmp(handler.escape) != 0) {
    jpeg_destroy_decompress(&info);
    return 0;
  }
  jpeg_mem_src(&info, file, size);
  jpeg_read_header(&info, TRUE);
  jpeg_start_decompress(&info);
  size_t pitch = (size_t)info.output_width * (size_t)info.output_components;
  if (pitch * info.output_height > room)
    escape((j_common_ptr)&info);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = pixels + info.output_scanline * pitch;
    written += pitch * jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return written;
}

/*
 * Decodes `count` files `times` times. File i is bytes offsets[i] to offsets[i + 1] of `files`. Each
 * overwrites `pixels`, of `room` bytes. The number of files decoded; not `count` * `times` after a
 * failure.
 */
uint32_t turbo_decode(const uint8_t *files, const uint64_t *offsets, uint32_t count, uint32_t times,
                      uint8_t *pixels, uint64_t room)
{
  uint32_t done = 0;
  for (uint32_t turn = 0; turn < times; turn++)
    for (uint32_t i = 0; i < count; i++)
      done += decode(files + offsets[i], offsets[i + 1] - offsets[i], pixels, room) > 0;
  return done;
}
