import { modelScale, positionGeometry, texture, uv, vec2, vec4 } from 'three/tsl';
import * as THREE from 'three/webgpu';
import type { Gpu } from '../gpu/device';
import type { CanvasSize } from '../train/messages';
import { Ground } from './ground';
import type { OrbitState } from './orbit';
import { Preview } from './preview';

/** A field as seen by one camera, at one size. */
export interface FieldPicture {
  /** f32 [1, 4, side, side], RGB premultiplied by alpha, then alpha; row 0 at the top. */
  readonly views: GPUBuffer;
  /** Queues the upload of the camera; `fovy` in degrees. */
  begin(orbit: OrbitState, fovy: number): void;
  record(pass: GPUComputePassEncoder): void;
  dispose(): void;
}

/** What a stage shows: makes pictures of `side` by `side` pixels. */
export type FieldSource = (side: number) => FieldPicture;

interface Shown {
  readonly picture: FieldPicture;
  readonly preview: Preview;
  readonly texture: THREE.ExternalTexture;
}

/** Sizes kept ready: one for a moving camera or a field in training, one for a still. */
const kept = 2;

/** One pane: a field over a ground, drawn by three.js on the engine's own device. */
export class Stage {
  readonly #gpu: Gpu;
  readonly #renderer: THREE.WebGPURenderer;
  readonly #scene = new THREE.Scene();
  readonly #camera = new THREE.PerspectiveCamera();
  readonly #fovy: number;
  readonly #ground = new Ground();
  readonly #quad: THREE.Mesh<THREE.PlaneGeometry, THREE.MeshBasicNodeMaterial>;
  readonly #picture = texture(new THREE.Texture());
  /** By side, the one that was shown last at the end. */
  readonly #shown = new Map<number, Shown>();
  #source: FieldSource | undefined;
  /** Of the square picture, which covers the longer side of the canvas. */
  #pictureFovy: number;

  private constructor(gpu: Gpu, renderer: THREE.WebGPURenderer, fovy: number) {
    this.#gpu = gpu;
    this.#renderer = renderer;
    this.#fovy = fovy;
    this.#pictureFovy = fovy;
    this.#quad = new THREE.Mesh(new THREE.PlaneGeometry(2, 2), this.#material());
    this.#quad.frustumCulled = false;
    this.#quad.renderOrder = 1;
    this.#scene.add(this.#ground.object, this.#quad);
  }

  /** @param canvas of a Worker: it has no style and no layout. */
  static async open(gpu: Gpu, canvas: OffscreenCanvas, fovy: number): Promise<Stage> {
    // three.js sets a canvas's style and asks for nothing else of the DOM.
    const target = Object.assign(canvas, { style: {} }) as unknown as HTMLCanvasElement;
    const renderer = new THREE.WebGPURenderer({ canvas: target, device: gpu.device });
    renderer.setPixelRatio(1);
    // Colours are display-referred as they are: no pass that converts them.
    renderer.outputColorSpace = THREE.LinearSRGBColorSpace;
    renderer.setClearColor(0, 0);
    await renderer.init();
    return new Stage(gpu, renderer, fovy);
  }

  /** Shows another field, or none. */
  show(source: FieldSource | undefined): void {
    this.#source = source;
    for (const side of [...this.#shown.keys()]) this.#forget(side);
  }

  /** The field of view is that of the largest square within the canvas. */
  resize({ width, height }: CanvasSize): void {
    const longest = Math.max(width, height);
    const tangent = Math.tan(THREE.MathUtils.degToRad(this.#fovy) / 2) / Math.min(width, height);
    const fovy = (length: number) => THREE.MathUtils.radToDeg(2 * Math.atan(tangent * length));
    this.#pictureFovy = fovy(longest);
    this.#camera.fov = fovy(height);
    this.#camera.aspect = width / height;
    this.#camera.updateProjectionMatrix();
    this.#quad.scale.set(longest / width, longest / height, 1);
    this.#renderer.setSize(width, height, false);
  }

  /**
   * Submits one frame, the field rendered at `side` by `side` pixels.
   * @returns whether kernels had to be made for that size.
   */
  draw(orbit: OrbitState, side: number): boolean {
    const first = !this.#shown.has(side);
    const shown = this.#source && this.#take(this.#source, side);
    this.#quad.visible = shown !== undefined;
    if (shown) this.#render(shown, orbit);
    const fromUp = THREE.MathUtils.degToRad(90 - orbit.elevation);
    const azimuth = THREE.MathUtils.degToRad(orbit.azimuth);
    this.#camera.position.setFromSphericalCoords(orbit.distance, fromUp, azimuth);
    this.#camera.lookAt(0, 0, 0);
    this.#renderer.render(this.#scene, this.#camera);
    return first;
  }

  dispose(): void {
    this.show(undefined);
    this.#quad.geometry.dispose();
    this.#quad.material.dispose();
    this.#ground.dispose();
    this.#renderer.dispose();
  }

  /** The texture over the whole pane, as it is: premultiplied colour over what is there. */
  #material(): THREE.MeshBasicNodeMaterial {
    const material = new THREE.MeshBasicNodeMaterial({
      transparent: true,
      depthTest: false,
      depthWrite: false,
      blending: THREE.CustomBlending,
      blendSrc: THREE.OneFactor,
      blendDst: THREE.OneMinusSrcAlphaFactor,
    });
    this.#picture.uvNode = vec2(uv().x, uv().y.oneMinus());
    material.vertexNode = vec4(positionGeometry.xy.mul(modelScale.xy), 0, 1);
    material.fragmentNode = this.#picture;
    return material;
  }

  #render({ picture, preview, texture }: Shown, orbit: OrbitState): void {
    const { device } = this.#gpu;
    picture.begin(orbit, this.#pictureFovy);
    const encoder = device.createCommandEncoder({ label: 'view.stage' });
    const pass = encoder.beginComputePass({ label: 'view.stage' });
    picture.record(pass);
    preview.forward(pass);
    pass.end();
    preview.copy(encoder);
    device.queue.submit([encoder.finish()]);
    this.#picture.value = texture;
  }

  #take(source: FieldSource, side: number): Shown {
    const shown = this.#shown.get(side) ?? this.#make(source, side);
    this.#shown.delete(side);
    this.#shown.set(side, shown);
    const oldest = this.#shown.keys().next();
    if (this.#shown.size > kept && !oldest.done) this.#forget(oldest.value);
    return shown;
  }

  #make(source: FieldSource, side: number): Shown {
    const picture = source(side);
    const preview = new Preview(this.#gpu, picture.views, side);
    const texture = new THREE.ExternalTexture(preview.texture);
    texture.generateMipmaps = false;
    texture.colorSpace = THREE.NoColorSpace;
    texture.minFilter = THREE.LinearFilter;
    texture.magFilter = THREE.LinearFilter;
    texture.image = { width: side, height: side } as unknown as typeof texture.image;
    return { picture, preview, texture };
  }

  #forget(side: number): void {
    const shown = this.#shown.get(side);
    this.#shown.delete(side);
    shown?.texture.dispose();
    shown?.preview.dispose();
    shown?.picture.dispose();
  }
}
