import { positionGeometry, texture, uv, vec2, vec4 } from 'three/tsl';
import * as THREE from 'three/webgpu';
import type { Gpu } from '../gpu/device';
import { Submission, type Work } from '../gpu/submission';
import type { CanvasSize } from '../protocol/messages';
import { Ground } from './ground';
import type { MeshView } from './mesh_view';
import type { OrbitState } from './orbit';
import { Preview } from './preview';

/** What a viewport shows, at one size. */
export interface ViewportPicture {
  /** Whether it stands in the world of the viewport's camera, and so on its ground. */
  readonly inWorld: boolean;
  /** f32 [1, 4, height, width], RGB premultiplied by alpha, then alpha; row 0 at the top. */
  readonly views: GPUBuffer;
  /** Queues the upload of the camera; `fovy` in degrees. */
  begin(orbit: OrbitState, fovy: number): void;
  record(work: Work): void;
  dispose(): void;
}

/** What a viewport shows: makes pictures of a size. */
export type PictureSource = (size: CanvasSize) => ViewportPicture;

interface Shown {
  readonly picture: ViewportPicture;
  readonly preview: Preview;
  readonly texture: THREE.ExternalTexture;
}

/** What a frame shows of the field; for the first picture of a size, buffers and perhaps kernels were made. */
export type Drawn = 'nothing' | 'first of its size' | 'as before';

/** Sizes kept ready: one for a moving camera or a field in training, one for a still, one on the way to it. */
const kept = 3;

/** One canvas: a field over a ground, or pictures, drawn by three.js on the engine's own device. */
export class Viewport {
  readonly #gpu: Gpu;
  readonly #renderer: THREE.WebGPURenderer;
  readonly #scene = new THREE.Scene();
  readonly #camera = new THREE.PerspectiveCamera();
  readonly #fovy: number;
  readonly #ground = new Ground();
  readonly #quad: THREE.Mesh<THREE.PlaneGeometry, THREE.MeshBasicNodeMaterial>;
  readonly #picture = texture(new THREE.Texture());
  /** By size, the one that was shown last at the end. */
  readonly #shown = new Map<string, Shown>();
  #source: PictureSource | undefined;
  #mesh: MeshView | undefined;

  private constructor(gpu: Gpu, renderer: THREE.WebGPURenderer, fovy: number) {
    this.#gpu = gpu;
    this.#renderer = renderer;
    this.#fovy = fovy;
    this.#quad = new THREE.Mesh(new THREE.PlaneGeometry(2, 2), this.#material());
    this.#quad.frustumCulled = false;
    this.#quad.renderOrder = 1;
    this.#scene.add(this.#ground.object, this.#quad);
  }

  /** @param canvas of a Worker: it has no style and no layout. */
  static async open(gpu: Gpu, canvas: OffscreenCanvas, fovy: number): Promise<Viewport> {
    // three.js sets a canvas's style and asks for nothing else of the DOM.
    const target = Object.assign(canvas, { style: {} }) as unknown as HTMLCanvasElement;
    const renderer = new THREE.WebGPURenderer({ canvas: target, device: gpu.device });
    renderer.setPixelRatio(1);
    // Colours are display-referred as they are: no pass that converts them.
    renderer.outputColorSpace = THREE.LinearSRGBColorSpace;
    renderer.setClearColor(0, 0);
    await renderer.init();
    return new Viewport(gpu, renderer, fovy);
  }

  /** Shows something else, or nothing. */
  show(source: PictureSource | undefined): void {
    this.#source = source;
    for (const key of [...this.#shown.keys()]) this.#forget(key);
  }

  /** Shows a mesh beside the ground and over the picture, or none; it is disposed with the next. */
  showMesh(mesh: MeshView | undefined): void {
    if (this.#mesh) this.#scene.remove(this.#mesh.object);
    this.#mesh?.dispose();
    this.#mesh = mesh;
    if (mesh) this.#scene.add(mesh.object);
  }

  /** The field of view is that of the largest square within the canvas. */
  resize({ width, height }: CanvasSize): void {
    const tangent = Math.tan(THREE.MathUtils.degToRad(this.#fovy) / 2);
    const shortest = Math.min(width, height);
    this.#camera.fov = THREE.MathUtils.radToDeg(2 * Math.atan((tangent * height) / shortest));
    this.#camera.aspect = width / height;
    this.#camera.updateProjectionMatrix();
    this.#renderer.setSize(width, height, false);
  }

  /**
   * Submits one frame, the field rendered with as many pixels as a square of `side` has.
   * @returns what of the field it shows.
   */
  async draw(orbit: OrbitState, side: number): Promise<Drawn> {
    const stretch = Math.sqrt(this.#camera.aspect);
    const size = { width: Math.round(side * stretch), height: Math.round(side / stretch) };
    const first = this.#source !== undefined && !this.#shown.has(keyOf(size));
    if (first) await this.#prepare(size);
    const shown = this.#source && this.#take(this.#source, size);
    this.#quad.visible = shown !== undefined;
    this.#ground.object.visible = shown?.picture.inWorld ?? true;
    if (shown) this.#render(shown, orbit);
    const fromUp = THREE.MathUtils.degToRad(90 - orbit.elevation);
    const azimuth = THREE.MathUtils.degToRad(orbit.azimuth);
    this.#camera.position.setFromSphericalCoords(orbit.distance, fromUp, azimuth);
    this.#camera.lookAt(0, 0, 0);
    this.#renderer.render(this.#scene, this.#camera);
    if (!shown) return 'nothing';
    return first ? 'first of its size' : 'as before';
  }

  dispose(): void {
    this.show(undefined);
    this.showMesh(undefined);
    this.#quad.geometry.dispose();
    this.#quad.material.dispose();
    this.#ground.dispose();
    void this.#renderer.dispose();
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
    material.vertexNode = vec4(positionGeometry.xy, 0, 1);
    material.fragmentNode = this.#picture;
    return material;
  }

  #render({ picture, preview, texture }: Shown, orbit: OrbitState): void {
    picture.begin(orbit, this.#camera.fov);
    const work = new Submission(this.#gpu, 'view.viewport');
    picture.record(work);
    preview.forward(work.pass);
    preview.copy(work.encoder);
    work.submit();
    this.#picture.value = texture;
  }

  /** Makes and compiles what a picture takes. Meanwhile another field may be shown, which has the same kernels. */
  async #prepare(size: CanvasSize): Promise<void> {
    if (this.#source) this.#take(this.#source, size);
    await this.#gpu.pipelines.ready();
  }

  #take(source: PictureSource, size: CanvasSize): Shown {
    const key = keyOf(size);
    const shown = this.#shown.get(key) ?? this.#make(source, size);
    this.#shown.delete(key);
    this.#shown.set(key, shown);
    const oldest = this.#shown.keys().next();
    if (this.#shown.size > kept && !oldest.done) this.#forget(oldest.value);
    return shown;
  }

  #make(source: PictureSource, size: CanvasSize): Shown {
    const picture = source(size);
    const preview = new Preview(this.#gpu, picture.views, size);
    const texture = new THREE.ExternalTexture(preview.texture);
    texture.generateMipmaps = false;
    texture.colorSpace = THREE.NoColorSpace;
    texture.minFilter = THREE.LinearFilter;
    texture.magFilter = THREE.LinearFilter;
    texture.image = size as unknown as typeof texture.image;
    return { picture, preview, texture };
  }

  #forget(key: string): void {
    const shown = this.#shown.get(key);
    this.#shown.delete(key);
    shown?.texture.dispose();
    shown?.preview.dispose();
    shown?.picture.dispose();
  }
}

const keyOf = ({ width, height }: CanvasSize) => `${width}x${height}`;
