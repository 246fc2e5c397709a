import { LimbeckError } from '../errors';
import type { Image } from './image';

export interface VideoOptions {
  readonly container: 'mp4' | 'webm';
  /** Even, as most codecs ask for. */
  readonly width: number;
  readonly height: number;
  /** Frames per second. */
  readonly rate: number;
}

export interface Video {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** As WebCodecs knows it: avc, vp9, ... */
  readonly codec: string;
}

/**
 * Opaque frames as a video, by the browser's own encoder (WebCodecs). What writes the file is loaded with the first one.
 * @throws LimbeckError where the browser cannot encode what the container holds.
 */
export async function encodeVideo(
  frames: AsyncIterable<Image>,
  { container, width, height, rate }: VideoOptions,
): Promise<Video> {
  const refuse = (why: string) =>
    new LimbeckError(
      `This browser cannot make ${container === 'mp4' ? 'an MP4' : 'a WebM'} video: ${why}.`,
      `Choose ${container === 'mp4' ? 'WebM' : 'MP4'}, or use a current Chrome, Edge or Safari.`,
    );
  if (typeof VideoEncoder === 'undefined') throw refuse('it has no WebCodecs');
  const media = await import('mediabunny');
  const format = container === 'mp4' ? new media.Mp4OutputFormat() : new media.WebMOutputFormat();
  const codec = await media.getFirstEncodableVideoCodec(format.getSupportedVideoCodecs(), {
    width,
    height,
  });
  if (!codec) throw refuse(`it encodes nothing of ${width} x ${height} that such a file may hold`);
  const target = new media.BufferTarget();
  const output = new media.Output({ format, target });
  const source = new media.VideoSampleSource({ codec, quality: media.QUALITY_VERY_HIGH });
  output.addVideoTrack(source, { frameRate: rate });
  try {
    await output.start();
    let index = 0;
    for await (const { data } of frames) {
      const sample = new media.VideoSample(data, {
        format: 'RGBX',
        codedWidth: width,
        codedHeight: height,
        timestamp: index / rate,
        duration: 1 / rate,
      });
      await source.add(sample);
      sample.close();
      index++;
    }
    await output.finalize();
  } catch (error) {
    await output.cancel().catch(() => {});
    throw error;
  }
  return { bytes: new Uint8Array(target.buffer!), codec };
}
