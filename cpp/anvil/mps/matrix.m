// Matrices and vectors: a buffer, and how they lie in it.
#import "kernel.h"

static NSUInteger row_bytes(NSUInteger count, MPSDataType type) {
  return (count * bytes_of(type) + 15) / 16 * 16;
}

/// Whether `count` things of `bytes`, the last of which need be only `last` long, are in the
/// buffer.
static void require_inside(id object, SEL method, id<MTLBuffer> buffer, NSUInteger offset,
                           NSUInteger bytes, NSUInteger count, NSUInteger last) {
  mps_require(buffer != nil, object, method, @"buffer is nil");
  const NSUInteger needed = count ? bytes * (count - 1) + last : 0;
  mps_require(offset <= buffer.length && needed <= buffer.length - offset, object, method,
              @"%lu bytes at offset %lu are beyond the buffer's length %lu", needed, offset,
              buffer.length);
}
static void require_layout(id object, SEL method, MPSDataType type, NSUInteger bytes,
                           NSUInteger least, NSString* name) {
  mps_require(type == MPSDataTypeFloat32 || type == MPSDataTypeFloat16, object, method,
              @"unsupported data type 0x%x; supported: MPSDataTypeFloat32, MPSDataTypeFloat16",
              type);
  mps_require(bytes >= least && bytes % bytes_of(type) == 0, object, method,
              @"%@ is %lu; it has to be at least %lu, and whole elements of %lu bytes", name, bytes,
              least, bytes_of(type));
}

@implementation MPSMatrixDescriptor
+ (instancetype)matrixDescriptorWithRows:(NSUInteger)rows
                                 columns:(NSUInteger)columns
                                matrices:(NSUInteger)matrices
                                rowBytes:(NSUInteger)rowBytes
                             matrixBytes:(NSUInteger)matrixBytes
                                dataType:(MPSDataType)dataType {
  MPSMatrixDescriptor* const made = [self new];
  made->_rows = rows;
  made->_columns = columns;
  made->_matrices = matrices;
  made->_rowBytes = rowBytes;
  made->_matrixBytes = matrixBytes;
  made->_dataType = dataType;
  return made;
}
+ (instancetype)matrixDescriptorWithRows:(NSUInteger)rows
                                 columns:(NSUInteger)columns
                                rowBytes:(NSUInteger)rowBytes
                                dataType:(MPSDataType)dataType {
  return [self matrixDescriptorWithRows:rows
                                columns:columns
                               matrices:1
                               rowBytes:rowBytes
                            matrixBytes:rows * rowBytes
                               dataType:dataType];
}
+ (instancetype)matrixDescriptorWithDimensions:(NSUInteger)rows
                                       columns:(NSUInteger)columns
                                      rowBytes:(NSUInteger)rowBytes
                                      dataType:(MPSDataType)dataType {
  return [self matrixDescriptorWithRows:rows columns:columns rowBytes:rowBytes dataType:dataType];
}
+ (size_t)rowBytesForColumns:(NSUInteger)columns dataType:(MPSDataType)dataType {
  return row_bytes(columns, dataType);
}
+ (size_t)rowBytesFromColumns:(NSUInteger)columns dataType:(MPSDataType)dataType {
  return row_bytes(columns, dataType);
}
@end

@implementation MPSVectorDescriptor
+ (instancetype)vectorDescriptorWithLength:(NSUInteger)length
                                   vectors:(NSUInteger)vectors
                               vectorBytes:(NSUInteger)vectorBytes
                                  dataType:(MPSDataType)dataType {
  MPSVectorDescriptor* const made = [self new];
  made->_length = length;
  made->_vectors = vectors;
  made->_vectorBytes = vectorBytes;
  made->_dataType = dataType;
  return made;
}
+ (instancetype)vectorDescriptorWithLength:(NSUInteger)length dataType:(MPSDataType)dataType {
  return [self vectorDescriptorWithLength:length
                                  vectors:1
                              vectorBytes:row_bytes(length, dataType)
                                 dataType:dataType];
}
+ (size_t)vectorBytesForLength:(NSUInteger)length dataType:(MPSDataType)dataType {
  return row_bytes(length, dataType);
}
@end

@implementation MPSMatrix
- (instancetype)initWithBuffer:(id<MTLBuffer>)buffer
                        offset:(NSUInteger)offset
                    descriptor:(MPSMatrixDescriptor*)descriptor {
  if (!(self = [super init])) return nil;
  const NSUInteger row = descriptor.columns * bytes_of(descriptor.dataType);
  const NSUInteger matrix = descriptor.rows ? descriptor.rowBytes * (descriptor.rows - 1) + row : 0;
  require_layout(self, _cmd, descriptor.dataType, descriptor.rowBytes, row, @"rowBytes");
  if (descriptor.matrices > 1)
    require_layout(self, _cmd, descriptor.dataType, descriptor.matrixBytes, matrix, @"matrixBytes");
  require_inside(self, _cmd, buffer, offset, descriptor.matrixBytes, descriptor.matrices, matrix);
  _data = buffer;
  _device = buffer.device;
  _offset = offset;
  _rows = descriptor.rows;
  _columns = descriptor.columns;
  _matrices = descriptor.matrices;
  _dataType = descriptor.dataType;
  _rowBytes = descriptor.rowBytes;
  _matrixBytes = descriptor.matrixBytes;
  return self;
}
- (instancetype)initWithBuffer:(id<MTLBuffer>)buffer descriptor:(MPSMatrixDescriptor*)descriptor {
  return [self initWithBuffer:buffer offset:0 descriptor:descriptor];
}
- (instancetype)initWithDevice:(id<MTLDevice>)device descriptor:(MPSMatrixDescriptor*)descriptor {
  return
      [self initWithBuffer:[device newBufferWithLength:descriptor.matrices * descriptor.matrixBytes
                                               options:MTLResourceStorageModeShared]
                descriptor:descriptor];
}
- (void)synchronizeOnCommandBuffer:(id<MTLCommandBuffer>)commandBuffer {
  (void)commandBuffer;  // memory is the host's
}
- (NSUInteger)resourceSize {
  return _data.allocatedSize;
}
@end

@implementation MPSVector
- (instancetype)initWithBuffer:(id<MTLBuffer>)buffer
                        offset:(NSUInteger)offset
                    descriptor:(MPSVectorDescriptor*)descriptor {
  if (!(self = [super init])) return nil;
  const NSUInteger vector = descriptor.length * bytes_of(descriptor.dataType);
  require_layout(self, _cmd, descriptor.dataType, descriptor.vectorBytes, vector, @"vectorBytes");
  require_inside(self, _cmd, buffer, offset, descriptor.vectorBytes, descriptor.vectors, vector);
  _data = buffer;
  _device = buffer.device;
  _offset = offset;
  _length = descriptor.length;
  _vectors = descriptor.vectors;
  _dataType = descriptor.dataType;
  _vectorBytes = descriptor.vectorBytes;
  return self;
}
- (instancetype)initWithBuffer:(id<MTLBuffer>)buffer descriptor:(MPSVectorDescriptor*)descriptor {
  return [self initWithBuffer:buffer offset:0 descriptor:descriptor];
}
- (instancetype)initWithDevice:(id<MTLDevice>)device descriptor:(MPSVectorDescriptor*)descriptor {
  return
      [self initWithBuffer:[device newBufferWithLength:descriptor.vectors * descriptor.vectorBytes
                                               options:MTLResourceStorageModeShared]
                descriptor:descriptor];
}
- (void)synchronizeOnCommandBuffer:(id<MTLCommandBuffer>)commandBuffer {
  (void)commandBuffer;
}
- (NSUInteger)resourceSize {
  return _data.allocatedSize;
}
@end
