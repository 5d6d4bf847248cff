/** Keys for programs. A key is shown once, when it is made; the server keeps only its fingerprint. */
import "@mantine/core/styles/Checkbox.css";
import { Button, Checkbox, Modal, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ConfirmDialog } from "../../components/confirm-dialog";
import { CopyField } from "../../components/copy-field";
import { CordState } from "../../components/cord-state";
import { DataTable, Named } from "../../components/data-table";
import styles from "../../components/form.module.css";
import { FormFoot } from "../../components/form-foot";
import { PageHead } from "../../components/page-head";
import { QueryView } from "../../components/query-view";
import { useTime } from "../../components/time";
import { meQuery } from "../../lib/session";
import { rolesBelow } from "./access-fields";
import { type ApiKey, people, ROLES, type Role } from "./api";

function NewKeyDialog(props: { onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const me = useQuery(meQuery).data;
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("agent");
  const [metrics, setMetrics] = useState(false);
  const make = useMutation({
    mutationFn: () => people.addKey({ name: name.trim(), role, scopes: metrics ? ["metrics"] : [] }),
    onSuccess: props.onDone,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") make.mutate();
  };
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t(make.isSuccess ? "keys.made_title" : "keys.add")}
      closeOnClickOutside={!make.isSuccess}
      closeButtonProps={{ "aria-label": common("app.close") }}
    >
      {make.isSuccess ? (
        <div className={styles.fields}>
          <p className={styles.warned}>{t("keys.once")}</p>
          <CopyField label={t("keys.key")} value={make.data.key} />
          <div className={styles.buttons}>
            <Button onClick={props.onClose}>{t("people.done")}</Button>
          </div>
        </div>
      ) : (
        <form className={styles.fields} onSubmit={submit}>
          <TextInput
            label={t("keys.name")}
            description={t("keys.name_hint")}
            value={name}
            maxLength={80}
            data-autofocus
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label={t("people.role")}
            description={t(`role.${role}_may`)}
            data={rolesBelow(me?.role).map((each) => ({ value: each, label: t(`role.${each}`) }))}
            value={role}
            allowDeselect={false}
            onChange={(value) => setRole(ROLES.find((each) => each === value) ?? role)}
          />
          {me?.can.operate === true && (
            <Checkbox
              label={t("keys.metrics")}
              description={t("keys.metrics_hint")}
              checked={metrics}
              onChange={(event) => setMetrics(event.currentTarget.checked)}
            />
          )}
          <FormFoot sent={make} action={t("keys.add")} onClose={props.onClose} />
        </form>
      )}
    </Modal>
  );
}

export function ApiKeysPage() {
  const { t } = useTranslation("office");
  const time = useTime();
  const queries = useQueryClient();
  const keys = useQuery({ queryKey: ["api-keys"], queryFn: people.keys });
  const [making, setMaking] = useState(false);
  const [removing, setRemoving] = useState<ApiKey | null>(null);
  const again = () => queries.invalidateQueries({ queryKey: ["api-keys"] });
  const add = (
    <Button leftSection={<Plus size={18} strokeWidth={1.75} aria-hidden="true" />} onClick={() => setMaking(true)}>
      {t("keys.add")}
    </Button>
  );
  return (
    <>
      <PageHead title={t("keys.title")} actions={(keys.data?.items.length ?? 0) > 0 ? add : undefined}>
        {t("keys.explain")}
      </PageHead>
      <QueryView
        query={keys}
        isEmpty={(data) => data.items.length === 0}
        empty={
          <CordState kind="empty" title={t("keys.empty_title")} actions={add}>
            {t("keys.empty")}
          </CordState>
        }
      >
        {(data) => (
          <DataTable
            caption={t("keys.title")}
            rows={data.items}
            keyOf={(key) => key.id}
            columns={[
              {
                key: "name",
                head: t("keys.name"),
                cell: (key) => (
                  <Named name={key.name}>
                    <span className="mono">{key.prefix}…</span>
                    {key.scopes.includes("metrics") && `, ${t("keys.metrics_only")}`}
                  </Named>
                ),
              },
              { key: "role", head: t("people.role"), cell: (key) => t(`role.${key.role}`) },
              { key: "made", head: t("keys.made"), cell: (key) => time(key.created_at) },
              {
                key: "used",
                head: t("keys.used"),
                cell: (key) => (key.last_used_at === null ? t("keys.never") : time(key.last_used_at)),
              },
              {
                key: "actions",
                head: t("people.actions"),
                kind: "actions",
                cell: (key) => (
                  <Button
                    variant="subtle"
                    size="compact-sm"
                    aria-label={t("keys.revoke_named", { name: key.name })}
                    onClick={() => setRemoving(key)}
                  >
                    {t("keys.revoke")}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </QueryView>
      {making && <NewKeyDialog onClose={() => setMaking(false)} onDone={again} />}
      {removing !== null && (
        <ConfirmDialog
          title={t("keys.revoke_title", { name: removing.name })}
          action={t("keys.revoke")}
          run={() => people.removeKey(removing.id).then(again)}
          onClose={() => setRemoving(null)}
        >
          <p>{t("keys.revoke_cost")}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
