declare module 'gltf-validator' {
  const validator: {
    /** The report of a glTF or GLB file; see the package's docs/validation.schema.json. */
    validateBytes(bytes: Uint8Array): Promise<{
      issues: {
        numErrors: number;
        numWarnings: number;
        messages: { code: string; message: string; severity: number; pointer?: string }[];
      };
      info: { totalTriangleCount: number; totalVertexCount: number };
    }>;
  };
  export default validator;
}
