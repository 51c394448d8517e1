// breaks: no-orphans
export const nobody = 'asks for me';
