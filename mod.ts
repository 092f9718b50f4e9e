/**
 * Fetches image blobs from Apache Cassandra or SQLite, decodes and augments them in WGSL compute
 * shaders, and yields training batches in GPU memory as an async iterator.
 *
 * @module
 */
export * from "./src/errors.ts";
export type { Latency } from "./src/latency.ts";
export { formatId, ID_BYTES, IdList, parseId } from "./src/ids.ts";

export {
  type BlobBatch,
  type BlobSource,
  type FetchOptions,
  type LabelType,
  type RawLabel,
  type SampleDescription,
  type SourceStats,
} from "./src/source/source.ts";
export {
  type CassandraOptions,
  CassandraSource,
  type Consistency,
  type DriverChoice,
  type LogLevel,
  type LogMessage,
  type Pem,
  type TlsOptions,
  type TlsVerify,
} from "./src/source/cassandra.ts";
export { type SqliteOptions, SqliteSource } from "./src/source/sqlite.ts";

export { type DeviceOptions, isCpuAdapter, requestDevice } from "./src/gpu/device.ts";
export {
  type CpuImage,
  type GpuImage,
  GpuImages,
  type ImageRegion,
  type ImageReport,
} from "./src/gpu/images.ts";
export { BufferPool, type PoolStats } from "./src/gpu/pool.ts";
export {
  type DType,
  GpuTensor,
  type Layout,
  type TensorData,
  type TensorDescriptor,
} from "./src/gpu/tensor.ts";

export {
  type BlobList,
  type DecodedPart,
  type DecodeOptions,
  type DecodePartsOptions,
  type EntropyPath,
  JpegDecoder,
  type JpegDecoderOptions,
  type Regions,
} from "./src/jpeg/decoder.ts";
export type { LexedBlobs } from "./src/jpeg/lex.ts";

export * from "./src/augment/mod.ts";

export { Batch, type BatchFields, type BatchOwner, type RequestPart } from "./src/batch.ts";
export type { MaskLabelOptions } from "./src/codec/mask.ts";
export { type NpyArray, type NpyData, readNpy } from "./src/codec/npy.ts";
export { bytes, intLabels, type LabelReader, mask, noLabels, npy } from "./src/labels.ts";
export { Loader } from "./src/loader.ts";
export type { LoaderStats } from "./src/stats.ts";
export type { LoaderOptions, OutputOptions, RequestOptions } from "./src/options.ts";
export type { LastBatch, Left, Shard } from "./src/order/sampler.ts";
export { shardFromEnv } from "./src/order/shard_env.ts";
export type { SeenState } from "./src/order/seen.ts";
export { classWeights } from "./src/order/weighted.ts";
export type { Ordering } from "./src/pipeline/fetch_window.ts";
export type { PrefetchChoice } from "./src/pipeline/prefetch.ts";
export { SamplePool } from "./src/pool.ts";
export type { RequestIds } from "./src/pipeline/requests.ts";
export type { OnCorrupt } from "./src/pipeline/finisher.ts";
export type { LoaderStages, StageStats } from "./src/pipeline/meter.ts";
export type { LoaderState } from "./src/state.ts";

export { DecodeCheck, type DecodeCheckOptions } from "./src/decode_check.ts";
export { type Capacity, type CapacityOptions, planCapacity } from "./src/dataset/capacity.ts";
export type { NumberedClass, Numbering } from "./src/dataset/class_map.ts";
export { type Companion, labelFiles, labelTable, maskFiles } from "./src/dataset/companion.ts";
export { CassandraWriter, type CassandraWriterOptions } from "./src/dataset/cassandra_writer.ts";
export { csvInput, type CsvOptions, type FieldNames } from "./src/dataset/csv.ts";
export {
  type FolderEntry,
  folderInput,
  type FolderOptions,
  listFolder,
} from "./src/dataset/folder.ts";
export { FolderWriter } from "./src/dataset/folder_writer.ts";
export {
  ingest,
  ingestFolder,
  type IngestOptions,
  type IngestProgress,
  type IngestReport,
  type PictureCheck,
  type RejectedItem,
} from "./src/dataset/ingest.ts";
export type {
  DatasetInput,
  GetData,
  InputItem,
  InputLimits,
  InputPosition,
  ItemContents,
} from "./src/dataset/input.ts";
export { readList, writeList } from "./src/dataset/list_file.ts";
export type { WriteFileOptions } from "./src/dataset/place_file.ts";
export { parquetInput, type ParquetOptions } from "./src/dataset/parquet.ts";
export { linesInput, type RecordLine } from "./src/dataset/lines.ts";
export { listCassandra, type ListCassandraOptions } from "./src/dataset/list_cassandra.ts";
export { type ListSelection, listSqlite, type ListSqliteOptions } from "./src/dataset/list.ts";
export type { ListRow, SampleList } from "./src/dataset/list_builder.ts";
export type { ListColumn } from "./src/dataset/list_column.ts";
export {
  contentHash,
  type DatasetWriter,
  pathId,
  type SampleRecord,
} from "./src/dataset/record.ts";
export { type Reencode, reencode, type ReencodeOptions } from "./src/dataset/reencode.ts";
export {
  cassandraSchema,
  type ColumnType,
  type ColumnValue,
  type DatasetSchema,
  type DatasetTables,
  type Replication,
  sqliteSchema,
} from "./src/dataset/schema.ts";
export {
  type Balance,
  NO_PART,
  type SampleSplit,
  type SplitCount,
  splitCounts,
  splitList,
  type SplitOptions,
  splitPart,
  type SplitProvenance,
} from "./src/dataset/split.ts";
export { readSplit, readSplitFile, writeSplit } from "./src/dataset/split_file.ts";
export { SqliteWriter } from "./src/dataset/sqlite_writer.ts";
export { tarInput, type TarOptions } from "./src/dataset/tar.ts";
export {
  verifyCassandra,
  type VerifyFault,
  type VerifyOptions,
  type VerifyReport,
  verifySqlite,
} from "./src/dataset/verify.ts";
