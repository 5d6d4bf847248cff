//! The words of the audit log: what people and programs did that somebody may ask about later (I6).
//!
//! Calls tell their own story (`call::event`); here is what concerns people, rights, secrets and what was listened to.

/// A closed list of words, each with its variant: the database, the API and the log read the same ones.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in database, API and log.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads the word back.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }
    };
}

words! {
    /// What was done.
    AuditWhat {
        /// Somebody signed in.
        LoginSucceeded = "login.succeeded",
        /// A wrong password, or an account that may not sign in.
        LoginFailed = "login.failed",
        /// An account was made.
        UserCreated = "user.created",
        /// Name, role, branches or language of an account were changed.
        UserChanged = "user.changed",
        /// A person was shut out.
        UserDisabled = "user.disabled",
        /// A person was let in again.
        UserEnabled = "user.enabled",
        /// A person changed the own password.
        PasswordChanged = "user.password_changed",
        /// A link to set a new password was made.
        PasswordResetMade = "user.password_reset_made",
        /// A password was set with such a link, or on the command line.
        PasswordReset = "user.password_reset",
        /// Somebody was invited.
        InvitationMade = "invitation.made",
        /// An invitation was taken back.
        InvitationRevoked = "invitation.revoked",
        /// Somebody followed an invitation.
        InvitationAccepted = "invitation.accepted",
        /// An API key was made.
        ApiKeyMade = "api_key.made",
        /// An API key was withdrawn.
        ApiKeyRevoked = "api_key.revoked",
        /// A business was made.
        TenantMade = "tenant.made",
        /// A business was renamed.
        TenantChanged = "tenant.changed",
        /// A branch was made.
        BranchMade = "branch.made",
        /// A branch was renamed.
        BranchChanged = "branch.changed",
        /// A branch was removed.
        BranchDeleted = "branch.deleted",
        /// Settings of the business were changed.
        SettingsChanged = "settings.changed",
        /// Settings of a number were changed.
        NumberChanged = "number.changed",
        /// The suspension of a number was lifted (S2).
        SuspensionLifted = "number.suspension_lifted",
        /// Somebody called a customer although something was in the way that may be passed over (P7).
        CallOverridden = "call.overridden",
        /// Somebody took the responsibility for recording without an announcement (M5).
        RecordingWaiverSet = "recording.waiver_set",
        /// A recording was listened to.
        RecordingListened = "recording.listened",
        /// A recording was downloaded.
        RecordingDownloaded = "recording.downloaded",
        /// A recording was deleted.
        RecordingDeleted = "recording.deleted",
        /// A caller was blocked.
        BlockedCallerAdded = "blocked_caller.added",
        /// A caller was let through again.
        BlockedCallerRemoved = "blocked_caller.removed",
        /// A contact was removed.
        ContactRemoved = "contact.removed",
        /// Two contacts turned out to be one person.
        ContactsJoined = "contact.joined",
        /// What works on a contact besides people was changed.
        ContactAutomationSet = "contact.automation_set",
        /// Contacts were taken in from a file.
        ContactsImported = "contacts.imported",
        /// What a customer said about being called was written down.
        ConsentAdded = "consent.added",
        /// Such an entry was taken out.
        ConsentRemoved = "consent.removed",
        /// A webhook relay was made.
        RelayMade = "relay.made",
        /// A webhook relay was changed.
        RelayChanged = "relay.changed",
        /// A webhook relay was removed.
        RelayDeleted = "relay.deleted",
        /// A delivery that had failed for good was tried again.
        DeliveryRetried = "delivery.retried",
        /// A delivery that had failed for good was given up.
        DeliveryDiscarded = "delivery.discarded",
        /// A job that had failed for good was tried again.
        JobRetried = "job.retried",
        /// A job that had failed for good was given up.
        JobDiscarded = "job.discarded",
        /// An alert was acknowledged.
        AlertAcknowledged = "alert.acknowledged",
        /// Secrets were encrypted anew under another key.
        SecretRotated = "secret.rotated",
        /// A secret of a number or relay was replaced.
        SecretChanged = "secret.changed",
        /// A backup was made.
        BackupMade = "backup.made",
        /// A backup was restored.
        BackupRestored = "backup.restored",
        /// The audit log was exported.
        AuditExported = "audit.exported",
    }
}

words! {
    /// What it was done to.
    AuditKind {
        /// The whole installation, or the business itself.
        Tenant = "tenant",
        /// A branch.
        Branch = "branch",
        /// A person.
        User = "user",
        /// An invitation.
        Invitation = "invitation",
        /// An API key.
        ApiKey = "api_key",
        /// A business number.
        Number = "number",
        /// The settings of the business.
        Settings = "settings",
        /// A call.
        Call = "call",
        /// A recording.
        Recording = "recording",
        /// A blocked caller.
        BlockedCaller = "blocked_caller",
        /// A contact.
        Contact = "contact",
        /// An entry of the consent ledger.
        Consent = "consent",
        /// A file of contacts.
        ContactImport = "contact_import",
        /// A webhook relay.
        Relay = "relay",
        /// A delivery to a relay.
        Delivery = "delivery",
        /// A job.
        Job = "job",
        /// An alert.
        Alert = "alert",
        /// A key of the data key file.
        Secret = "secret",
        /// A backup.
        Backup = "backup",
        /// The audit log itself.
        Audit = "audit",
    }
}

words! {
    /// What kind of somebody did it.
    AuditActor {
        /// A person who was signed in.
        Person = "person",
        /// A program with an API key.
        Key = "key",
        /// Whoever sits at the machine, by the command line on the database.
        CommandLine = "command_line",
        /// The exchange itself.
        Exchange = "exchange",
        /// Nobody who is known: a sign-in that failed.
        Nobody = "nobody",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_word_is_its_own_and_reads_back() {
        let words: BTreeSet<_> = AuditWhat::ALL.iter().map(|what| what.as_str()).collect();
        assert_eq!(words.len(), AuditWhat::ALL.len());
        assert!(AuditWhat::ALL.iter().all(|what| AuditWhat::from_word(what.as_str()) == Some(*what)));
        assert!(AuditKind::ALL.iter().all(|kind| AuditKind::from_word(kind.as_str()) == Some(*kind)));
        assert!(AuditActor::ALL.iter().all(|actor| AuditActor::from_word(actor.as_str()) == Some(*actor)));
        assert_eq!(AuditWhat::from_word("recording.eaten"), None);
    }

    #[test]
    fn what_was_done_names_a_subject_and_a_verb() {
        for what in AuditWhat::ALL {
            assert!(
                what.as_str()
                    .split_once('.')
                    .is_some_and(|(noun, verb)| !noun.is_empty() && !verb.is_empty())
            );
        }
    }
}
