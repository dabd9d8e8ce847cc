//! Compiles `schemas/proto` into one set of descriptors, with their comments, in Rust: nothing has to be installed for it.

use std::path::Path;

const ROOT: &str = "../schemas/proto";
const FILES: &[&str] = &["orion/v1/bank.proto", "orion/v1/views.proto"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed={ROOT}");
    let mut compiler = protox::Compiler::new([ROOT])?;
    compiler.include_imports(true).include_source_info(true).open_files(FILES)?;
    let out = std::env::var("OUT_DIR")?;
    std::fs::write(Path::new(&out).join("orion.binpb"), compiler.encode_file_descriptor_set())?;
    Ok(())
}
