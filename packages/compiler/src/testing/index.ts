export { expectOnBackend, type OnBackendOptions, type OptimizedLeaf } from "./on-backend.ts";
