// Huffman decode of the scans that give coefficients their first value: DC and AC first scans of
// progressive files (ITU-T T.81, G.1.2.1 and G.1.2.2), and the scans of sequential files that do not
// code each component once. Follows progressive_chunk.wgsl.
//
// Dispatch: ceil(chunks / WORKGROUP) workgroups, folded into x and y.

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
  var dc = chunks[index].dc;
  var place = chunks[index].place;
  var mcu = chunks[index].mcu;
  let scan = scans[chunks[index].scan];
  var component = (scan.pattern >> (place * 2u)) & 3u;
  var dcTable = pick(scan.dc, component);
  var acTable = pick(scan.ac, component);
  var block = blockAt(scan, mcu, place);
  if (isBeyond(block)) {
    return;
  }
  var address = (block - origin()) * BLOCK_WORDS;
  var next = (position >> 5u) + 1u;
  var high = word(next - 1u);
  var low = word(next);
  var seen = 0u;
  for (var turn = 0u; turn < params.cap; turn++) {
    // In two steps, as shifting by 32 has no meaning.
    let shift = position & 31u;
    let window = (high << shift) | ((low >> 1u) >> (31u - shift));
    let isDc = z == 0u;
    let entry = lookUp(select(acTable, dcTable, isDc), window);
    seen |= entry;
    let size = (entry >> SIZE_SHIFT) & FIELD_MASK;
    let step = (entry >> STEP_SHIFT) & STEP_MASK;
    let stop = step == END_OF_BLOCK;
    // The value follows its code; a leading zero marks a negative one.
    let value = window << ((entry >> CODE_SHIFT) & FIELD_MASK);
    let negative = ~(i32(value) >> 31u);
    let magnitude = i32((value >> 1u) >> (31u - size));
    var coefficient = magnitude - (((1 << size) - 1) & negative);
    let predictor = select(
      select(dc.x, dc.y, component == 1u),
      select(dc.z, dc.w, component == 3u),
      component >= 2u,
    );
    coefficient += select(0, predictor, isDc);
    let stored = vec4(component) == vec4(0u, 1u, 2u, 3u);
    dc = select(dc, vec4(coefficient), stored & vec4(isDc));
    // What has no value writes back what is there.
    let at = min(z + select(step - 1u, 0u, stop), 63u);
    let pair = address + (at >> 1u);
    let half = (at & 1u) << 4u;
    let old = coefficients[pair];
    let put = (old & ~(0xffffu << half)) | ((u32(coefficient << scan.shift) & 0xffffu) << half);
    coefficients[pair] = select(old, put, isDc || (size != 0u && !stop));
    position += entry & FIELD_MASK;
    z += step;
    let coming = word(next + 1u);
    let crossed = (position >> 5u) >= next;
    high = select(high, low, crossed);
    low = select(low, coming, crossed);
    next += u32(crossed);
    if (z > scan.last) {
      // An end of block may stand for a run of blocks, in scans of one component.
      let run = select(1u, (1u << size) + u32(magnitude), stop);
      z = scan.first;
      blocks -= min(run, blocks);
      let whole = place + 1u == scan.blocksPerMcu;
      place = select(place + 1u, 0u, whole);
      mcu += select(0u, run, whole);
      component = (scan.pattern >> (place * 2u)) & 3u;
      dcTable = pick(scan.dc, component);
      acTable = pick(scan.ac, component);
      block = blockAt(scan, mcu, place);
      address = select((block - origin()) * BLOCK_WORDS, 0u, blocks == 0u);
      if (blocks == 0u || isBeyond(block)) {
        break;
      }
    }
    if (position > end) {
      break;
    }
  }
  var faults = select(0u, BAD_CODE, (seen & BAD) != 0u);
  if (position > end) {
    faults |= TRUNCATED;
    blocks = 0u;
  } else if (blocks == 0u && end - position >= 8u) {
    faults |= EXTRA_BYTES;
  }
  chunks[index].position = position;
  chunks[index].blocks = blocks;
  chunks[index].z = z;
  chunks[index].place = place;
  chunks[index].mcu = mcu;
  chunks[index].dc = dc;
  report(chunks[index].image, faults, position);
}
