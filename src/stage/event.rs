//! What the log can say: the closed registry of events, each with its data.
//!
//! The registry only grows. An event's name and its keys are the log format's; `record` writes them and the
//! `ceremony-log` crate reads them. People appear by id, serial numbers and other octets as lower-case hex,
//! digests as [`Digest`], and nothing here can hold a PIN, a share or a certificate's body.
//!
//! Sources: BR §5.4.1 (what must be logged); the log format's §3.

#![expect(missing_docs, reason = "the fields of events are the keys of the log format, which documents them")]

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::digest::Digest;

use super::division::HolderGroup;

/// One event of the log: its name is `ev`, its fields are `data`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "ev", content = "data")]
#[non_exhaustive]
pub enum Event {
    /// The first record of every log: where it belongs and what it is.
    #[serde(rename = "log.genesis")]
    LogGenesis { origin: String, spec: String, hash: String, practice: bool },
    /// A key that may sign heads of this log.
    #[serde(rename = "log.key.added")]
    LogKeyAdded { vkey: String, token: String, label: String, spki_sha256: Digest, role: LogKeyRole },
    /// The log's key is lost, and its standby signs from now on.
    #[serde(rename = "log.key.replaced")]
    LogKeyReplaced { old: String, new: String, witnesses: Vec<String>, reason: String },
    /// Another key of the log signs from now on, while the one before it is there: heads of this ceremony are by both.
    #[serde(rename = "log.key.rotated")]
    LogKeyRotated { old: String, new: String },
    /// A key whose cosignatures over heads do not count any more.
    #[serde(rename = "witness.removed")]
    WitnessRemoved { vkey: String, person: String },
    /// A key whose cosignatures over heads count, and whose it is.
    #[serde(rename = "witness.registered")]
    WitnessRegistered { vkey: String, person: String },
    /// The log was compared with what was known of it before.
    #[serde(rename = "log.confirmed")]
    LogConfirmed {
        size: u64,
        root: Digest,
        how: Confirmed,
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// The answer of the online side to an earlier bundle.
    #[serde(rename = "receipt.imported")]
    ReceiptImported { size: u64, root: Digest, at: Timestamp, vkey: String },
    /// The program began to work on this log.
    #[serde(rename = "session.start")]
    SessionStart(Session),
    /// The program began to work on this log again, after an interruption.
    #[serde(rename = "session.resumed")]
    SessionResumed(Session),
    /// Octets after the last whole line were moved away.
    #[serde(rename = "log.recovered")]
    LogRecovered { torn_sha256: Digest, torn_len: u64, last_seq: u64 },
    /// The program ended its work.
    #[serde(rename = "session.stop")]
    SessionStop {},
    /// An intent ended without a result of its own.
    #[serde(rename = "act.failed")]
    ActFailed { error: String, residue: String },
    /// What the machine looked like.
    #[serde(rename = "preflight.result")]
    PreflightResult { checks: Vec<Check> },
    /// The ceremony clock was compared with other sources.
    #[serde(rename = "clock.set")]
    ClockSet {
        source: String,
        reference: Timestamp,
        old: Timestamp,
        new: Timestamp,
        approved_by: Vec<String>,
    },
    /// Something worth keeping that is no deviation.
    #[serde(rename = "log.note")]
    LogNote { text: String },
    /// Something that should not be, and that nobody meant.
    #[serde(rename = "log.anomaly")]
    LogAnomaly { severity: String, text: String },
    /// The ceremony began: what it will do, all by digest.
    #[serde(rename = "ceremony.open")]
    CeremonyOpen {
        purpose: String,
        script_sha256: Digest,
        plan_sha256: Digest,
        site_sha256: Digest,
        planned_outputs: Digest,
        location_digest: Digest,
        video_ids: Vec<String>,
    },
    /// A person approved the plan.
    #[serde(rename = "plan.approved")]
    PlanApproved {
        sha256: Digest,
        person: String,
        method: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    /// A person approved the site file.
    #[serde(rename = "site.approved")]
    SiteApproved {
        sha256: Digest,
        person: String,
        method: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    /// A person takes part who approves with a key of their own.
    #[serde(rename = "person.registered")]
    PersonRegistered { id: String, role: String, key: String },
    /// A person is in the room.
    #[serde(rename = "participant.present")]
    ParticipantPresent { person: String, role: String, id_check: String },
    /// A person is no longer in the room.
    #[serde(rename = "participant.left")]
    ParticipantLeft { person: String, role: String },
    /// A step begins.
    #[serde(rename = "step.begin")]
    StepBegin { step: String, name: String },
    /// A step is done.
    #[serde(rename = "step.end")]
    StepEnd { step: String },
    /// A step went otherwise than scripted.
    #[serde(rename = "step.deviation")]
    StepDeviation {
        step: String,
        expected: String,
        actual: String,
        approved_by: Vec<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        signatures: Vec<ActSignature>,
    },
    /// A device is in use.
    #[serde(rename = "device.inserted")]
    DeviceInserted {
        token: String,
        kind: String,
        model: String,
        serial: String,
        firmware: String,
        class: String,
    },
    /// A token was initialised: what it held before is gone.
    #[serde(rename = "token.initialized")]
    TokenInitialized { token: String, serial: String, people: Vec<String> },
    /// A secret was divided; each of its holders is given a share next. `pin`: which PIN of a token it is, if it is one.
    #[serde(rename = "secret.split")]
    SecretSplit {
        secret: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pin: Option<String>,
        set_id: String,
        threshold: u64,
        share_count: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        group_threshold: Option<u64>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        groups: Vec<HolderGroup>,
    },
    /// A holder was given a share.
    #[serde(rename = "share.issued")]
    ShareIssued(ShareOf),
    /// A share was encrypted for its holder's own key, on its way to the holder's medium.
    #[serde(rename = "share.encrypted")]
    ShareEncrypted(ShareSentOut),
    /// What lies on the holder's medium opened by the holder's key, and is the share. `by`: `device`, the holder's own, from
    /// which it was typed, or the program of the site.
    #[serde(rename = "share.decrypted")]
    ShareDecrypted {
        #[serde(skip_serializing_if = "Option::is_none")]
        spki_sha256: Option<Digest>,
        #[serde(skip_serializing_if = "Option::is_none")]
        secret: Option<String>,
        set_id: String,
        index: u64,
        holder: String,
        ciphertext_sha256: Digest,
        medium: String,
        file: String,
        by: String,
    },
    /// A holder has typed a share back.
    #[serde(rename = "share.confirmed")]
    ShareConfirmed(ShareOf),
    /// A holder has typed a share, and it is whole.
    #[serde(rename = "share.checked")]
    ShareChecked(ShareOf),
    /// A holder's share counts for nothing any more, and its sheet was given back and destroyed before everybody.
    #[serde(rename = "share.returned")]
    ShareReturned(ShareOf),
    /// A share that counts for nothing any more was not there to be destroyed: its sheet is somewhere, or nowhere.
    #[serde(rename = "share.missing")]
    ShareMissing(ShareOf),
    /// A vendor's statement on a device or a key of it was brought; it is kept by its digest, and nobody here judges it.
    #[serde(rename = "device.attested")]
    DeviceAttested(Statement),
    /// A device's own audit log was brought; it is kept by its digest, and nobody here judges it.
    #[serde(rename = "device.audit")]
    DeviceAudit(Statement),
    /// A thing was taken out of its bag, which was the one that the log knows, or the first that it hears of.
    #[serde(rename = "custody.opened")]
    CustodyOpened(Bagged),
    /// A thing was put into a new bag.
    #[serde(rename = "custody.sealed")]
    CustodySealed(Bagged),
    /// Intent: a key is about to be destroyed.
    #[serde(rename = "key.destroy.intent")]
    KeyDestroyIntent {
        spki_sha256: Digest,
        token: String,
        id: String,
        label: String,
        inventory_before_sha256: Digest,
    },
    /// A key was destroyed: nothing else on the token is another than before.
    #[serde(rename = "key.destroyed")]
    KeyDestroyed {
        spki_sha256: Digest,
        token: String,
        id: String,
        inventory_before_sha256: Digest,
        inventory_after_sha256: Digest,
        level: ProofLevel,
        surviving: Vec<String>,
    },
    /// Intent: a token is about to be initialised.
    #[serde(rename = "token.initialize.intent")]
    TokenInitializeIntent { token: String, label: String },
    /// Intent: the first PIN of a token's user is about to be changed.
    #[serde(rename = "token.pin.intent")]
    TokenPinIntent { token: String },
    /// The custodians changed the first PIN of a token's user to their own.
    #[serde(rename = "token.pin.changed")]
    TokenPinChanged { token: String, serial: String, people: Vec<String> },
    /// A login succeeded.
    #[serde(rename = "auth.ok")]
    AuthOk { token: String, serial: String, people: Vec<String> },
    /// A login was refused.
    #[serde(rename = "auth.failed")]
    AuthFailed { token: String, serial: String, people: Vec<String>, error: String },
    /// Enough people are present to use a token's keys.
    #[serde(rename = "quorum.met")]
    QuorumMet { token: String, serial: String, threshold: u64, share_count: u64, people: Vec<String> },
    /// What a token holds, by digest of its canonical inventory; and without the log's heads, which come and go with it.
    #[serde(rename = "token.inventory")]
    TokenInventory {
        token: String,
        serial: String,
        objects: u64,
        unreadable: u64,
        inventory_sha256: Digest,
        without_heads_sha256: Digest,
    },
    /// Intent: a key pair is about to be generated.
    #[serde(rename = "key.generate.intent")]
    KeyGenerateIntent { token: String, label: String, id: String, algorithm: String },
    /// A key pair was generated.
    #[serde(rename = "key.generated")]
    KeyGenerated {
        token: String,
        label: String,
        id: String,
        algorithm: String,
        spki_sha256: Digest,
        attributes: KeyAttributes,
    },
    /// Intent: a key is about to sign a text of its own.
    #[serde(rename = "key.proof.intent")]
    KeyProofIntent { spki_sha256: Digest, token: String, id: String, preimage: String },
    /// A key signed the text and the signature verified in software.
    #[serde(rename = "key.proved")]
    KeyProved { spki_sha256: Digest, preimage: String, signature: String, verified: bool },
    /// Intent: a private key is about to leave its token wrapped, under a key-encryption key that will be in shares.
    #[serde(rename = "key.backup.intent")]
    KeyBackupIntent { spki_sha256: Digest, token: String, id: String, format: String, set_id: String },
    /// There is a backup of a key: wrapped, on numbered media, or made by the vendor's own means.
    #[serde(rename = "key.backup")]
    KeyBackup(BackedUp),
    /// Intent: a key is about to come back from its backup.
    #[serde(rename = "key.restore.intent")]
    KeyRestoreIntent { spki_sha256: Digest, token: String, id: String, people: Vec<String> },
    /// A key came back from its backup as one that cannot leave its token.
    #[serde(rename = "key.restored")]
    KeyRestored { spki_sha256: Digest, token: String, id: String, attributes: KeyAttributes },
    /// Intent: a key is about to lose the permission to leave its token.
    #[serde(rename = "key.seal.intent")]
    KeySealIntent { spki_sha256: Digest, token: String, id: String },
    /// A key can no longer leave its token. `wrap_refused`: what the token said when it was told to wrap it all the same.
    #[serde(rename = "key.sealed")]
    KeySealed {
        spki_sha256: Digest,
        token: String,
        id: String,
        how: Sealed,
        attributes: KeyAttributes,
        wrap_refused: String,
    },
    /// From here on the key may sign.
    #[serde(rename = "key.live")]
    KeyLive { spki_sha256: Digest },
    /// A request came in.
    #[serde(rename = "request.received")]
    RequestReceived {
        kind: String,
        sha256: Digest,
        pop_verified: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        origin_head: Option<OriginHead>,
    },
    /// People approved what is about to be signed.
    #[serde(rename = "request.approved")]
    RequestApproved {
        kind: String,
        sha256: Digest,
        approvers: Vec<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        signatures: Vec<ActSignature>,
    },
    /// People declined what was about to be signed.
    #[serde(rename = "request.rejected")]
    RequestRejected { kind: String, sha256: Digest, reason: String, approvers: Vec<String> },
    /// A profile is used in this log for the first time.
    #[serde(rename = "profile.introduced")]
    ProfileIntroduced { name: String, sha256: Digest },
    /// Every rule was applied to a to-be-signed structure.
    #[serde(rename = "lint.result")]
    LintResult {
        tbs_sha256: Digest,
        policy: String,
        rules_passed: u64,
        warnings_acknowledged: Vec<String>,
        objections: Vec<String>,
    },
    /// Intent: a certificate is about to be signed.
    #[serde(rename = "cert.sign.intent")]
    CertSignIntent {
        profile: String,
        issuer_spki_sha256: Digest,
        tbs_sha256: Digest,
        subject: String,
        subject_sha256: Digest,
        serial: String,
        not_before: Timestamp,
        not_after: Timestamp,
    },
    /// A certificate was signed, read back, compared and verified.
    #[serde(rename = "cert.signed")]
    CertSigned {
        artifact: Artifact,
        issuer_sha256: Digest,
        spki_sha256: Digest,
        serial: String,
        key: KeyPlace,
    },
    /// A certificate is revoked from this time on; its issuer's next CRL says so.
    #[serde(rename = "cert.revoked")]
    CertRevoked {
        #[serde(skip_serializing_if = "Option::is_none")]
        sha256: Option<Digest>,
        issuer_spki_sha256: Digest,
        serial: String,
        reason: String,
        effective: Timestamp,
    },
    /// Intent: a certification request is about to be signed.
    #[serde(rename = "csr.sign.intent")]
    CsrSignIntent { tbs_sha256: Digest, spki_sha256: Digest, subject: String, subject_sha256: Digest },
    /// A certification request was signed.
    #[serde(rename = "csr.signed")]
    CsrSigned { artifact: Artifact, spki_sha256: Digest },
    /// Intent: a CRL is about to be signed.
    #[serde(rename = "crl.sign.intent")]
    CrlSignIntent {
        profile: String,
        issuer_spki_sha256: Digest,
        tbs_sha256: Digest,
        number: String,
        this_update: Timestamp,
        next_update: Timestamp,
    },
    /// A CRL was signed.
    #[serde(rename = "crl.signed")]
    CrlSigned {
        artifact: Artifact,
        issuer_spki_sha256: Digest,
        number: String,
        this_update: Timestamp,
        next_update: Timestamp,
        revoked_count: u64,
        revoked_sha256: Digest,
    },
    /// Intent: CRLs for consecutive windows are about to be signed, one batch for all. `number` is that of the first.
    #[serde(rename = "crl.sign.intent")]
    CrlSeriesSignIntent {
        profile: String,
        issuer_spki_sha256: Digest,
        batch: Batch,
        number: String,
        last_number: String,
        this_update: Timestamp,
        next_update: Timestamp,
    },
    /// CRLs for consecutive windows were signed and sealed: outside the bundle, each until it `activates`, in the order of
    /// the list. The artifact is the list; `last_sha256` is the last of them, which lists what the next CRL has to keep.
    #[serde(rename = "crl.signed")]
    CrlSeriesSigned {
        artifact: Artifact,
        issuer_spki_sha256: Digest,
        batch: Batch,
        number: String,
        last_number: String,
        activates: Vec<Timestamp>,
        this_update: Timestamp,
        next_update: Timestamp,
        last_sha256: Digest,
        revoked_count: u64,
        revoked_sha256: Digest,
    },
    /// What of a sealed series has not been handed over counts for nothing: a revocation is missing on it, or a CRL of a
    /// higher number is there.
    #[serde(rename = "crl.superseded")]
    CrlSuperseded {
        issuer_spki_sha256: Digest,
        list_sha256: Digest,
        number: String,
        last_number: String,
        reason: String,
    },
    /// Intent: OCSP responses are about to be signed, one batch for all.
    #[serde(rename = "ocsp.sign.intent")]
    OcspSignIntent {
        profile: String,
        responder_spki_sha256: Digest,
        batch: Batch,
        this_update: Timestamp,
        next_update: Timestamp,
    },
    /// A batch of OCSP responses was signed.
    #[serde(rename = "ocsp.signed")]
    OcspSigned { artifact: Artifact, batch: Batch, this_update: Timestamp, next_update: Timestamp },
    /// A signing intent ended without an artifact; its serial number is never used again.
    #[serde(rename = "sign.failed")]
    SignFailed { error: String },
    /// A signing intent was given up without its artifact, whether or not there is a signature.
    #[serde(rename = "sign.aborted")]
    SignAborted { reason: String },
    /// A serial number is never used again: a certificate with it could exist that nobody has.
    #[serde(rename = "serial.burned")]
    SerialBurned { issuer_spki_sha256: Digest, serial: String, why: String },
    /// A file counts for nothing.
    #[serde(rename = "artifact.voided")]
    ArtifactVoided { artifact: Artifact, path: String, reason: String },
    /// A file is handed over that nobody signed: a manifest, a list, evidence.
    #[serde(rename = "artifact.emitted")]
    ArtifactEmitted { artifact: Artifact, path: String },
    /// Intent: files are about to be written onto a medium.
    #[serde(rename = "media.write.intent")]
    MediaWriteIntent { label: String, copy: u64, medium: String, files: Digest, count: u64 },
    /// Files are on a medium, and were read back from there.
    #[serde(rename = "media.written")]
    MediaWritten { label: String, copy: u64, medium: String, files: Digest, read_back: bool, reader: String },
    /// A numbered medium was destroyed before everybody, or is lost: what it held is known.
    #[serde(rename = "media.destroyed")]
    MediaDestroyed { medium: String, files: Digest, lost: bool, people: Vec<String> },
    /// A witness agreed to the log's head.
    #[serde(rename = "witness.agreed")]
    WitnessAgreed {
        person: String,
        head_size: u64,
        head_root: Digest,
        statement: String,
        /// The signature line of a witness with a key.
        #[serde(skip_serializing_if = "Option::is_none")]
        cosignature: Option<String>,
    },
    /// A witness did not agree to the log's head.
    #[serde(rename = "witness.disagreed")]
    WitnessDisagreed { person: String, head_size: u64, head_root: Digest, statement: String },
    /// The ceremony is over.
    #[serde(rename = "ceremony.close")]
    CeremonyClose {
        outcome: Outcome,
        outputs: Digest,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_due: Option<Timestamp>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_purpose: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        crl_next_update_min: Option<Timestamp>,
    },
}

impl Event {
    /// The event's name and data as JSON.
    pub fn name_and_data(&self) -> (String, Value) {
        // Every variant is a struct of plain values: serialising cannot fail, and an empty pair would be
        // refused by the log's own reader before it is written.
        match serde_json::to_value(self) {
            Ok(Value::Object(mut members)) => {
                let name = members.get("ev").and_then(Value::as_str).unwrap_or_default().to_owned();
                (name, members.remove("data").unwrap_or(Value::Object(serde_json::Map::new())))
            }
            _ => (String::new(), Value::Null),
        }
    }
}

/// What a key of the log is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogKeyRole {
    /// Signs every head.
    Main,
    /// Takes over if the main key is lost.
    Standby,
}

/// What a log was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirmed {
    /// The receipt of the online CA.
    Receipt,
    /// The words that the last ceremony printed.
    Paper,
    /// The data object on a token.
    TokenObject,
}

/// A holder's share: which it is, and a digest by which it is known again. Nothing of its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShareOf {
    /// The token whose PIN it is a share of, if it is one of a PIN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The key whose key-encryption key it is a share of, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spki_sha256: Option<Digest>,
    /// The name of what it is a share of, if it is neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Its set.
    pub set_id: String,
    /// Which of the set it is, counted from 1 through all groups.
    pub index: u64,
    /// The name of its group, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Which of that group it is, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_index: Option<u64>,
    /// Who has it.
    pub holder: String,
    /// What it is known again by.
    pub commitment_sha256: Digest,
    /// Which item of the annex has the salt that the commitment was made with, if there is one; the sheet has it too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt_digest: Option<Digest>,
}

/// A share that was encrypted for its holder's own key: by what, and what came of it. Nothing of its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShareSentOut {
    /// The key whose key-encryption key it is a share of, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spki_sha256: Option<Digest>,
    /// The name of the secret that it is a share of, if it is one of such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Its set.
    pub set_id: String,
    /// Which of the set it is, counted from 1.
    pub index: u64,
    /// Who has it.
    pub holder: String,
    /// The site's name for what encrypted it.
    pub encryptor: String,
    /// The digest of that program's file.
    pub program_sha256: Digest,
    /// The item of the annex that says what the holder's key is called.
    pub recipient_digest: Digest,
    /// The digest of what came out.
    pub ciphertext_sha256: Digest,
    /// How long that is.
    pub octets: u64,
    /// The medium that it goes to, by the site's name.
    pub medium: String,
    /// The file there.
    pub file: String,
}

/// What a backup of a key is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackedUp {
    /// Of which key.
    pub spki_sha256: Digest,
    /// What the wrapped key looks like, or `vendor`.
    pub format: String,
    /// By which mechanism it was wrapped, in hex; of a vendor's backup its name.
    pub mechanism: String,
    /// The digest of the file that is on the media; of a vendor's backup, of the evidence that was brought.
    pub blob_sha256: Digest,
    /// The numbered media that hold it.
    pub copies: Vec<BackupCopy>,
    /// The set of shares of the key-encryption key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_id: Option<String>,
    /// How many shares it takes; of groups, the fewest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u64>,
    /// How many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_count: Option<u64>,
    /// How many groups it takes, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_threshold: Option<u64>,
    /// The groups, in the order of their numbers: name, threshold and number of shares of each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<HolderGroup>,
    /// The key-encryption key's check value, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kcv: Option<String>,
}

/// A numbered medium with a wrapped key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupCopy {
    /// Its name with its number.
    pub medium: String,
}

/// How a key lost the permission to leave its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sealed {
    /// `CKA_EXTRACTABLE` was cleared and read back.
    ExtractableCleared,
    /// What could leave was destroyed, and what came back from the backup stands in its place.
    ReplacedByRestore,
}

/// What somebody brought about a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// What it is, in the script's words.
    pub kind: String,
    /// The script's name for the token.
    pub token: String,
    /// What the token says that it is.
    pub model: String,
    /// Its serial number.
    pub serial: String,
    /// Its firmware.
    pub firmware: String,
    /// `hardware` or `software`.
    pub class: String,
    /// The key that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spki_sha256: Option<Digest>,
    /// The digest of what was brought.
    pub evidence_sha256: Digest,
}

/// A thing and its bag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bagged {
    /// The thing, by the script's name.
    pub item: String,
    /// The salted digest of the bag's number; the annex has the number.
    pub bag_digest: Digest,
    /// That of the bag before, if the log knows one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_bag_digest: Option<Digest>,
    /// Who did it and who saw it.
    pub people: Vec<String>,
}

/// What proves that a key is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofLevel {
    /// The device says so and signed it.
    Attested,
    /// A fresh process of the module no longer finds it. A token that is a file proves no more than that.
    Absent,
    /// Nothing but the token's word: no fresh process could be asked.
    None,
}

/// How a ceremony ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As scripted.
    Ok,
    /// Not all of it.
    Partial,
    /// Nothing of it counts.
    Aborted,
}

/// A person's signature over what they approved and the log's head before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActSignature {
    /// Who.
    pub person: String,
    /// How many records the log had.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// The SSH signature in base64.
    pub signature: String,
}

/// The program and the machine that a session runs on.
#[derive(Clone, Debug, Serialize)]
pub struct Session {
    /// The program's version.
    pub tool_version: String,
    /// The program file's digest.
    pub tool_sha256: Digest,
    /// The machine's name.
    pub host: String,
    /// The kernel's boot id; a change means a reboot.
    pub boot_id: String,
    /// Every PKCS#11 module, by digest.
    pub modules: Vec<Module>,
    /// The site file's digest.
    pub site_sha256: Digest,
}

/// A PKCS#11 module that was loaded.
#[derive(Clone, Debug, Serialize)]
pub struct Module {
    /// The file's digest.
    pub sha256: Digest,
    /// What C_GetInfo says: manufacturer and library version.
    pub library: String,
}

/// One check of the machine.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// Which.
    pub id: String,
    /// `ok`, `violated` or `unknown`.
    pub outcome: CheckOutcome,
    /// What was found.
    pub detail: String,
}

/// What a check found; what is unknown is said to be unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckOutcome {
    /// As it should be.
    Ok,
    /// Not as it should be.
    Violated,
    /// It could not be found out.
    Unknown,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = match self.outcome {
            CheckOutcome::Ok => "ok",
            CheckOutcome::Violated => "violated",
            CheckOutcome::Unknown => "unknown",
        };
        write!(f, "{outcome}: {}", self.detail)
    }
}

/// A key's attributes as read back from the token; what the token does not say is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KeyAttributes {
    /// CKA_SENSITIVE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitive: Option<bool>,
    /// CKA_EXTRACTABLE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extractable: Option<bool>,
    /// CKA_ALWAYS_SENSITIVE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub always_sensitive: Option<bool>,
    /// CKA_NEVER_EXTRACTABLE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never_extractable: Option<bool>,
    /// CKA_LOCAL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<bool>,
}

/// A file that is handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Artifact {
    /// root, subordinate, cross, ocsp-responder, request, crl, ocsp-response, list, evidence or manifest.
    pub kind: String,
    /// The script's name for it.
    pub name: String,
    /// The file's digest.
    pub sha256: Digest,
    /// Its media type.
    pub media_type: String,
}

/// The head of another log, which says how what is certified came to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OriginHead {
    /// The log's name.
    pub origin: String,
    /// How many records it has.
    pub size: u64,
    /// The root of their tree.
    pub root: Digest,
}

/// Where a key is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyPlace {
    /// The script's name for the token.
    pub token: String,
    /// CKA_LABEL.
    pub label: String,
    /// CKA_ID in hex.
    pub id: String,
}

/// Several artifacts under one intent and one result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Batch {
    /// How many.
    pub count: u64,
    /// The digest of the list of their digests.
    pub list_sha256: Digest,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_its_name_and_its_data() {
        let event = Event::KeyLive { spki_sha256: Digest::of(b"") };
        let (name, data) = event.name_and_data();
        assert_eq!(name, "key.live");
        assert_eq!(data, serde_json::json!({ "spki_sha256": Digest::of(b"").to_string() }));
        let (name, data) = Event::SessionStop {}.name_and_data();
        assert_eq!((name.as_str(), data), ("session.stop", serde_json::json!({})));
    }
}
