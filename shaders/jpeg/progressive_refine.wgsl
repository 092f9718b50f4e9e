// Huffman decode of AC refining scans (ITU-T T.81, G.1.2.3). A symbol says how many zeros to pass until
// a new coefficient of one bit; each coefficient on the way that is not zero takes a correction bit. A
// mask of the block's coefficients that were not zero before the scan leads from one to the next, so
// that a turn is one symbol, one correction, or both. Follows progressive_chunk.wgsl.
//
// Dispatch: ceil(chunks / WORKGROUP) workgroups, folded into x and y.

// `skip` before a symbol has been read, and where the rest of the block has no new coefficients.
const READS_SYMBOL: u32 = 0xffffu;
const TO_END: u32 = 0xfffu;

// Per block: a bit for each coefficient that was not zero; see progressive_masks.wgsl.
@group(0) @binding(7) var<storage, read> masks: array<vec2<u32>>;

// Bits `first` to `last`, at most 63, of a mask.
fn band(first: u32, last: u32) -> vec2<u32> {
  let above = vec2(0xffffffffu << min(first, 31u), 0xffffffffu << (max(first, 32u) - 32u));
  let below = vec2(0xffffffffu >> (31u - min(last, 31u)), 0xffffffffu >> (63u - max(last, 32u)));
  let low = select(above.x & below.x, 0u, first > 31u);
  return vec2(low, select(above.y & below.y, 0u, last < 32u));
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + local;
  if (index >= params.chunks) {
    return;
  }
  var blocks = chunks[index].blocks;
  if (blocks == 0u) {
    return;
  }
  var position = chunks[index].position;
  let end = chunks[index].end;
  var z = chunks[index].z;
  var mcu = chunks[index].mcu;
  var skip = chunks[index].skip;
  var value = chunks[index].value;
  var run = chunks[index].run;
  let scan = scans[chunks[index].scan];
  let plus = 1i << scan.shift;
  let last = scan.last;
  var block = blockAt(scan, mcu, 0u);
  if (isBeyond(block)) {
    return;
  }
  var left = masks[block - params.firstBlock] & band(min(z, 63u), last);
  left = select(left, vec2(0u), z > last);
  var next = (position >> 5u) + 1u;
  var high = word(next - 1u);
  var low = word(next);
  var faults = 0u;
  for (var turn = 0u; turn < params.cap; turn++) {
    let shift = position & 31u;
    let window = (high << shift) | ((low >> 1u) >> (31u - shift));
    let entry = lookUp(scan.ac.x, window);
    let reads = skip == READS_SYMBOL;
    let size = (entry >> SIZE_SHIFT) & FIELD_MASK;
    let step = (entry >> STEP_SHIFT) & STEP_MASK;
    let stop = step == END_OF_BLOCK;
    let code = (entry >> CODE_SHIFT) & FIELD_MASK;
    let after = window << code;
    let one = select(-plus, plus, (after & 0x80000000u) != 0u);
    let isNew = size != 0u && !stop;
    faults |= select(0u, BAD_CODE, reads && ((entry & BAD) != 0u || (isNew && size != 1u)));
    value = select(value, u32(select(0, one, isNew)), reads);
    run = select(run, (1u << size) + ((after >> 1u) >> (31u - size)), reads && stop);
    skip = select(skip, select(step - 1u, TO_END, stop), reads);
    var used = select(0u, select(code + u32(isNew), entry & FIELD_MASK, stop), reads);

    // To the next coefficient that takes a bit, or the place for the new one, whichever is nearer.
    let found = select(firstTrailingBit(left.x), 32u + firstTrailingBit(left.y), left.x == 0u);
    let nonzero = select(found, last + 1u, (left.x | left.y) == 0u);
    let gap = nonzero - z;
    let reached = skip < gap;
    let corrects = !reached && nonzero <= last;
    let at = min(select(nonzero, z + skip, reached), 63u);
    let pair = (block - origin()) * BLOCK_WORDS + (at >> 1u);
    let half = (at & 1u) << 4u;
    let old = coefficients[pair];
    let coefficient = (i32(old >> half) << 16u) >> 16u;
    let bit = ((window << used) & 0x80000000u) != 0u;
    let changes = bit && (coefficient & plus) == 0;
    let corrected = coefficient + select(0, select(-plus, plus, coefficient >= 0), changes);
    // A new coefficient that no zero was left for goes behind the band, as in libjpeg-turbo.
    let put = select(select(coefficient, i32(value), value != 0u), corrected, corrects);
    coefficients[pair] = (old & ~(0xffffu << half)) | ((u32(put) & 0xffffu) << half);
    used += u32(corrects);
    z = at + 1u;
    skip = select(select(skip - gap, skip, skip == TO_END), READS_SYMBOL, reached);
    left = select(left, select(vec2(left.x & (left.x - 1u), left.y),
      vec2(0u, left.y & (left.y - 1u)), left.x == 0u), corrects);
    position += used;
    let coming = word(next + 1u);
    let crossed = (position >> 5u) >= next;
    high = select(high, low, crossed);
    low = select(low, coming, crossed);
    next += u32(crossed);
    let ends = (reached && z > last) || (!reached && !corrects) ||
      (corrects && skip == TO_END && (left.x | left.y) == 0u);
    if (ends) {
      blocks -= 1u;
      if (blocks == 0u) {
        break;
      }
      run -= min(run, 1u);
      skip = select(TO_END, READS_SYMBOL, run == 0u);
      value = 0u;
      mcu += 1u;
      z = scan.first;
      block = blockAt(scan, mcu, 0u);
      if (isBeyond(block)) {
        break;
      }
      left = masks[block - params.firstBlock] & band(z, last);
    }
    if (position > end) {
      break;
    }
  }
  if (position > end) {
    faults |= TRUNCATED;
    blocks = 0u;
  } else if (blocks == 0u && end - position >= 8u) {
    faults |= EXTRA_BYTES;
  }
  chunks[index].position = position;
  chunks[index].blocks = blocks;
  chunks[index].z = z;
  chunks[index].mcu = mcu;
  chunks[index].skip = skip;
  chunks[index].value = value;
  chunks[index].run = run;
  report(chunks[index].image, faults, position);
}
