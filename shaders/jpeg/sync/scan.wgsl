// What the kernels share that add up subsequences: blocks, and DC differences by component. This file
// goes before theirs. Sums wrap; differences of two are right all the same.

const WORKGROUP: u32 = 256;

struct Params {
  count: u32, // subsequences
  groups: u32, // runs of WORKGROUP of them; one element more than subsequences
}

struct Subsequence {
  entry: u32,
  first: u32,
  blocks: u32,
  reserved: u32,
  dc: vec4<i32>,
}

struct Sum {
  blocks: u32,
  dc: vec4<i32>,
}

var<workgroup> partial: array<Sum, WORKGROUP>;

fn plus(a: Sum, b: Sum) -> Sum {
  return Sum(a.blocks + b.blocks, a.dc + b.dc);
}

// The sum of `own` over the invocations up to this one (Hillis and Steele, 1986).
fn inclusive(own: Sum, local: u32) -> Sum {
  var sum = own;
  for (var reach = 1u; reach < WORKGROUP; reach *= 2u) {
    partial[local] = sum;
    workgroupBarrier();
    if (local >= reach) {
      sum = plus(partial[local - reach], sum);
    }
    workgroupBarrier();
  }
  return sum;
}
