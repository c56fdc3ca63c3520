//! STUB, being built: verify.
use crate::failure::Failure;
#[derive(Debug, clap::Args)]
pub struct Verify {
    bundle: std::path::PathBuf,
}
impl Verify {
    pub fn run(self, _: &mut dyn std::io::Write) -> Result<(), Failure> {
        verify_bundle(&self.bundle)
    }
}
pub fn verify_bundle(_: &std::path::Path) -> Result<(), Failure> {
    Ok(())
}
