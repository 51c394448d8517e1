// breaks: domain-needs-no-package, ulid-stays-home
export const later = () => import('ulid');
