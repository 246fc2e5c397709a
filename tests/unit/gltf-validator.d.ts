declare module 'gltf-validator' {
  const validator: {
    /** The report of a glTF or GLB file; see the package's docs/validation.schema.json. */
    validateBytes(bytes: Uint8Array): Promise<{
      issues: { messages: { code: string; message: string; severity: number }[] };
      info: { totalTriangleCount: number };
    }>;
  };
  export default validator;
}
