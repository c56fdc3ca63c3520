//! One person stages, another activates, and nobody does both.

use crate::online::{OnlineSide, bundle_of, root_of, shared};

#[test]
fn one_person_stages_and_another_activates() {
    let side = OnlineSide::of(shared());
    let bundle = bundle_of(shared());
    let ended = side.import(&bundle, "").with(0);
    assert!(
        ended.out.ends_with("Nothing was changed: `--stage` puts it beside what is active.\n"),
        "{}",
        ended.out
    );
    assert!(!side.path("store").exists());
    let ended = side.stage(&bundle, "ann").with(0);
    assert!(ended.out.contains("Staged; nothing of it is active yet."), "{}", ended.out);
    assert!(side.active().is_none());
    let ended = side.stage(&bundle, "ben").with(0);
    assert!(ended.out.contains("It is staged already, by ann (SHA256:"), "{}", ended.out);
    let ended = side.activate(&bundle, "ann").with(3);
    assert!(ended.error.contains("`ann` staged it; somebody else activates it"), "{}", ended.error);
    assert!(side.active().is_none());
    let ended = side.activate(&bundle, "ben").with(0);
    assert!(ended.out.contains("\nActive.\n"), "{}", ended.out);
    assert_eq!(side.active_names("subordinate"), ["e1"]);
    assert_eq!(side.active_names("root"), ["root-x1"]);
    assert_eq!(side.active_names("crl"), ["root-x1"]);
    let before = side.store();
    let ended = side.activate(&bundle, "ben").with(0);
    assert!(ended.out.contains("It is active already."), "{}", ended.out);
    let ended = side.stage(&bundle, "ann").with(0);
    assert!(ended.out.contains("This head is active already; there is nothing to stage."), "{}", ended.out);
    assert_eq!(side.store(), before);
    let _ = root_of(&bundle);
}
