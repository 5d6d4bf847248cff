/** Two jacks joined by a cord that draws an S. */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" style={{ flex: "none", display: "block" }}>
      <rect width="32" height="32" rx="9" fill="var(--logo)" />
      <g fill="none" stroke="var(--on-logo)" strokeLinecap="round">
        <path d="M21.5 10.5C21.5 5.5 10 5.8 10 11.5c0 6 12 3.4 12 9 0 5.7-11.5 6-11.5 1" strokeWidth="2.6" />
      </g>
      <circle cx="21.7" cy="10.8" r="3.3" fill="var(--on-logo)" />
      <circle cx="10.3" cy="21.2" r="3.3" fill="var(--on-logo)" />
      {size >= 20 && (
        <>
          <circle cx="21.7" cy="10.8" r="1.3" fill="var(--logo)" />
          <circle cx="10.3" cy="21.2" r="1.3" fill="var(--logo)" />
        </>
      )}
    </svg>
  );
}
