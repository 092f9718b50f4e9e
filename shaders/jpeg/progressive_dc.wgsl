// DC refining scans (ITU-T T.81, G.1.2.1): a bit per block, in the order of the scan, so that each
// block finds its own. One invocation per block. Follows progressive.wgsl.
//
// Dispatch: the workgroups of all segments one after the other, folded into x and y; `owners` says
// whose each is. A segment has ceil(blocks / WORKGROUP) of them.

override WORKGROUP: u32 = 32;

struct Params {
  workgroups: u32,
  reserved: u32,
  firstBlock: u32, // of `coefficients`, where windowed
  end: u32, // after the last block
  rowBlocks: u32, // blocks of a row of the frame's MCUs
  mcuBlocks: u32, // blocks of one of them
}

struct Segment {
  position: u32, // first bit
  end: u32, // first bit after the segment
  blocks: u32,
  scan: u32,
  image: u32,
  firstWorkgroup: u32,
  mcu: u32, // the first
  reserved: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bits: array<u32>;
@group(0) @binding(2) var<storage, read> segments: array<Segment>;
@group(0) @binding(3) var<storage, read> scans: array<Scan>;
@group(0) @binding(4) var<storage, read> owners: array<u32>;
@group(0) @binding(5) var<storage, read_write> coefficients: array<u32>;
@group(0) @binding(6) var<storage, read_write> status: array<atomic<u32>>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let workgroup = group.x + group.y * groups.x;
  if (workgroup >= params.workgroups) {
    return;
  }
  let segment = segments[owners[workgroup]];
  let n = (workgroup - segment.firstWorkgroup) * WORKGROUP + local;
  if (n >= segment.blocks) {
    return;
  }
  let scan = scans[segment.scan];
  let position = segment.position + n;
  let mcu = quotient(n, scan.blocksPerMcu);
  let block = blockAt(scan, segment.mcu + mcu, n - mcu * scan.blocksPerMcu);
  let bit = (swapped(bits[position >> 5u]) >> (31u - (position & 31u))) & 1u;
  if (position >= segment.end) {
    if (position == segment.end) {
      atomicOr(&status[segment.image * STATUS_WORDS], TRUNCATED);
      atomicMin(&status[segment.image * STATUS_WORDS + 1u], position);
    }
    return;
  }
  if (n + 1u == segment.blocks && segment.end - position > 8u) {
    atomicOr(&status[segment.image * STATUS_WORDS], EXTRA_BYTES);
    atomicMin(&status[segment.image * STATUS_WORDS + 1u], position);
  }
  if (block < origin() || isBeyond(block)) {
    return;
  }
  coefficients[(block - origin()) * BLOCK_WORDS] |= bit << scan.shift;
}
