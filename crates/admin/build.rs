//! Has this crate built again when the dashboard was.

fn main() {
    let dist = "../../dashboard/dist";
    // A folder that is missing would count as changed each time. Sources that cannot be written
    // are as they are.
    let _made = std::fs::create_dir_all(dist).is_ok();
    println!("cargo:rerun-if-changed={dist}");
}
