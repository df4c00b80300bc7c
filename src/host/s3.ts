import { addresses } from './addresses.ts';
import { staticHeaders, type Headers } from './headers.ts';
import { guide, literally, toPlace, type Target } from './target.ts';

/** A CloudFormation template: a bucket that nobody reads but CloudFront, which finds the pages and adds the headers. */
export function toS3(target: Target): string {
  const place = toPlace(target);
  const { hostname, output } = place;
  return `${guide(`S3 and CloudFront for ${target.site}`, place, [
    `In us-east-1, ask AWS Certificate Manager for a certificate of ${hostname}.`,
    'Save this as shares.yaml, then: aws cloudformation deploy --region us-east-1 --stack-name shares \\\n  --template-file shares.yaml --parameter-overrides Certificate=arn:aws:acm:…',
    `Point ${hostname} at the Domain that aws cloudformation describe-stacks shows among the outputs.`,
    `After every sync: aws s3 sync "${output}" s3://<Bucket> --delete --exclude ".*" --exclude _headers\nNothing is cached on the way, so that a deleted share is gone when this ends.`,
  ])}Parameters:
  Certificate:
    Type: String
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      PublicAccessBlockConfiguration:
        { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true }
  # Without s3:ListBucket nothing can be listed, and what is not there answers 403, which becomes our 404 below.
  BucketPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Statement:
          - Effect: Allow
            Principal: { Service: cloudfront.amazonaws.com }
            Action: s3:GetObject
            Resource: !Sub "\${Bucket.Arn}/*"
            Condition:
              StringEquals:
                AWS:SourceArn: !Sub "arn:aws:cloudfront::\${AWS::AccountId}:distribution/\${Distribution}"
  Access:
    Type: AWS::CloudFront::OriginAccessControl
    Properties:
      OriginAccessControlConfig:
        Name: !Sub "\${AWS::StackName}-bucket"
        OriginAccessControlOriginType: s3
        SigningBehavior: always
        SigningProtocol: sigv4
  Addresses:
    Type: AWS::CloudFront::Function
    Properties:
      Name: !Sub "\${AWS::StackName}-addresses"
      AutoPublish: true
      FunctionConfig: { Comment: Finds the file of an address, Runtime: cloudfront-js-2.0 }
      FunctionCode: |
${toFunction(target)
  .split('\n')
  .map((line) => `        ${line}`)
  .join('\n')}
${headersPolicy('PageHeaders', staticHeaders('page', false))}
${headersPolicy('FileHeaders', staticHeaders('file', false))}
  Distribution:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Aliases: ["${hostname}"]
        HttpVersion: http2and3
        ViewerCertificate:
          { AcmCertificateArn: !Ref Certificate, SslSupportMethod: sni-only, MinimumProtocolVersion: TLSv1.2_2021 }
        Origins:
          - Id: bucket
            DomainName: !GetAtt Bucket.RegionalDomainName
            OriginAccessControlId: !Ref Access
            S3OriginConfig: { OriginAccessIdentity: "" }
        DefaultCacheBehavior:
${behavior('PageHeaders', '          ')}
        CacheBehaviors:
          - PathPattern: "*/share/*/files/*"
${behavior('FileHeaders', '            ')}
          - PathPattern: "*/share/*/zip/*"
${behavior('FileHeaders', '            ')}
          - PathPattern: "/share/*/files/*"
${behavior('FileHeaders', '            ')}
          - PathPattern: "/share/*/zip/*"
${behavior('FileHeaders', '            ')}
        CustomErrorResponses:
          - { ErrorCode: 403, ResponseCode: 404, ResponsePagePath: /404.html, ErrorCachingMinTTL: 0 }
          - { ErrorCode: 404, ResponseCode: 404, ResponsePagePath: /404.html, ErrorCachingMinTTL: 0 }
Outputs:
  Bucket: { Value: !Ref Bucket }
  Domain: { Value: !GetAtt Distribution.DomainName }
`;
}

/** The function that CloudFront asks for the file of each request; `handler` is the name it calls. */
export function toFunction(target: Target): string {
  const base = literally(toPlace(target).basePath);
  const table = addresses.map(
    ({ pattern, file }) =>
      `  [new RegExp(${JSON.stringify(`^${base}${pattern}$`)}), ${JSON.stringify(file)}],`,
  );
  return [
    'var addresses = [',
    ...table,
    '];',
    'function handler(event) {',
    '  var request = event.request;',
    '  var known = addresses.find(function (address) { return address[0].test(request.uri); });',
    "  request.uri = known ? request.uri.replace(known[0], known[1]) : '/nowhere';",
    '  return request;',
    '}',
  ].join('\n');
}

/** AWS takes some headers only by their own names, and the rest as custom ones. */
function headersPolicy(name: string, headers: Headers): string {
  const own = new Set([
    'Content-Security-Policy',
    'X-Content-Type-Options',
    'X-Frame-Options',
    'Referrer-Policy',
  ]);
  const custom = Object.entries(headers).filter(([header]) => !own.has(header));
  return `  ${name}:
    Type: AWS::CloudFront::ResponseHeadersPolicy
    Properties:
      ResponseHeadersPolicyConfig:
        Name: !Sub "\${AWS::StackName}-${name}"
        SecurityHeadersConfig:
          ContentSecurityPolicy: { ContentSecurityPolicy: "${headers['Content-Security-Policy'] ?? ''}", Override: true }
          ContentTypeOptions: { Override: true }
          FrameOptions: { FrameOption: DENY, Override: true }
          ReferrerPolicy: { ReferrerPolicy: no-referrer, Override: true }
        CustomHeadersConfig:
          Items:
${custom.map(([header, value]) => `            - { Header: ${header}, Value: "${value}", Override: true }`).join('\n')}`;
}

/** 4135… is AWS's own policy CachingDisabled. */
function behavior(headers: string, indent: string): string {
  return [
    'TargetOriginId: bucket',
    'ViewerProtocolPolicy: redirect-to-https',
    'Compress: true',
    'CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
    `ResponseHeadersPolicyId: !Ref ${headers}`,
    'FunctionAssociations: [{ EventType: viewer-request, FunctionARN: !GetAtt Addresses.FunctionARN }]',
  ]
    .map((line) => indent + line)
    .join('\n');
}
