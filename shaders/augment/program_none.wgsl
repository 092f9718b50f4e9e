// The pixel program of samples that have none. Parts: colours.
fn run_program(sample: u32, x: i32, y: i32, colours: Colours) -> Colours {
  return colours;
}
