import { describe, expect, it } from "vitest";
import type { Wallet } from "../../lib/api-types";
import type { News } from "../../lib/softphone/phone";
import { concerns } from "./use-eligibility";

const event = { kind: "permission.granted", at: "2026-11-20T10:00:00Z" };
const permission = (contact_id: string): News => ({ type: "permission", permission: { contact_id } as Wallet, event });
const changed = (number_id: string): News => ({ type: "number_changed", number_id });

describe("which news ask for another verdict", () => {
  it("the permission of this contact, and not of another", () => {
    expect(concerns(permission("ct_1"), { contact_id: "ct_1" }, "num_1")).toBe(true);
    expect(concerns(permission("ct_2"), { contact_id: "ct_1" }, "num_1")).toBe(false);
    expect(concerns(permission("ct_2"), { phone: "+4915234000001" }, "num_1")).toBe(true);
  });

  it("a change of this number, and not of another; of any while the number is not known", () => {
    expect(concerns(changed("num_1"), { contact_id: "ct_1" }, "num_1")).toBe(true);
    expect(concerns(changed("num_2"), { contact_id: "ct_1" }, "num_1")).toBe(false);
    expect(concerns(changed("num_2"), { contact_id: "ct_1" }, undefined)).toBe(true);
  });

  it("nothing in particular: the stream is back, and anything may have changed", () => {
    expect(concerns(null, { contact_id: "ct_1" }, "num_1")).toBe(true);
  });
});
