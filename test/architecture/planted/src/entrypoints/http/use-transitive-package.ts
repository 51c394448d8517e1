// breaks: src-uses-runtime-packages, package-without-a-home
import avvio from 'avvio';

export const boot = avvio;
